"""Heatmaps of which windows are kept, against whole ones."""

import math
from dataclasses import replace

import pytest
import torch

from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import gaussian_profiles, simulate_heatmaps
from distilpose.teachers.stored.peak_windows import (
    PeakWindows,
    WindowSpec,
    measure_windows,
    take_windows,
)

FRAME = HeatmapFrame((48, 64), (48.0, 64.0))
B, K = 3, 4


def coords(seed=0, margin=0.2):
    torch.manual_seed(seed)
    return margin + (1 - 2 * margin) * torch.rand(B, K, 2)


def cut(maps, spec=None):
    """Windows of heatmaps, where they were cut out."""
    spec = spec or measure_windows(maps)
    values, corners = take_windows(maps, spec)
    frame = spec.frame(maps.frame)
    centres = frame.cells(maps.coords())
    turns = torch.eye(2).expand(*maps.shape[:2], 2, 2)
    return PeakWindows(frame, values, centres, corners - centres, turns)


def teacher(at, sigma=2.0, frame=FRAME):
    sigmas = torch.full_like(at, sigma)
    return DenseHeatmaps(frame, 0.9 * simulate_heatmaps(at, sigmas, frame))


def test_windows_say_what_whole_heatmaps_say():
    maps = teacher(coords())
    windows = cut(maps)
    assert windows.values.shape[-1] == 13
    assert windows.shape == maps.shape
    for what in ('coords', 'peaks', 'formed'):
        torch.testing.assert_close(
            getattr(windows, what)(), getattr(maps, what)(), rtol=0, atol=0.011
        )
    near = coords() + 0.04 * torch.randn(B, K, 2)
    torch.testing.assert_close(
        windows.read(near), maps.read(near), rtol=0, atol=0.011
    )


def test_errors_and_gradients():
    maps = teacher(coords())
    results = []
    for form in (maps, cut(maps)):
        at = (coords() + 0.03 * coords(1)).requires_grad_()
        sigmas = torch.full_like(at, 1.7).requires_grad_()
        error = form.error(at, sigmas)
        error.sum().backward()
        results.append((error, at.grad, sigmas.grad))
    for whole, windows in zip(*results):
        assert whole.abs().max() > 1
        scale = whole.abs().max()
        torch.testing.assert_close(
            windows / scale, whole / scale, rtol=0, atol=2e-3
        )


@pytest.mark.parametrize('angle', [0.0, 30.0, 90.0, 163.0])
@pytest.mark.parametrize('mirrored', [False, True])
def test_a_window_that_is_turned(angle, mirrored):
    """An elongated Gaussian turned about its peak, cell by cell."""
    at, a = coords(), math.radians(angle)
    turn = torch.tensor(
        [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]
    )
    if mirrored:
        turn = turn @ torch.diag(torch.tensor([-1.0, 1.0]))
    rows, columns = gaussian_profiles(
        at, torch.tensor([2.5, 1.5]).expand(B, K, 2), FRAME
    )
    windows = cut(SeparableHeatmaps(FRAME, rows, columns), WindowSpec(1, 19))
    windows = replace(windows, turns=turn.expand(B, K, 2, 2))
    x, y = torch.meshgrid(torch.arange(48), torch.arange(64), indexing='xy')
    apart = torch.stack([x, y], -1) - windows.centres[..., None, None, :]
    apart = apart @ turn  # back to where it was
    whole = torch.exp(
        -0.5 * (apart / torch.tensor([2.5, 1.5])).square().sum(-1)
    )
    expected = DenseHeatmaps(FRAME, whole)
    # Between cells, values are interpolated.
    assert (windows.formed() - whole).abs().max() < 0.1
    near = at + 0.03 * coords(1)
    for sigma in (1.0, 2.0, 3.0):
        sigmas = torch.full_like(near, sigma)
        torch.testing.assert_close(
            windows.error(near, sigmas), expected.error(near, sigmas),
            rtol=5e-3, atol=0.02,
        )  # fmt: skip


def test_beyond_the_border_nothing_counts():
    at = torch.tensor([[[0.01, 0.5], [0.99, 0.01], [-0.5, 0.5], [0.5, 0.5]]])
    whole = teacher(at)
    inside = cut(teacher(at.clamp(0.2, 0.8)))
    windows = replace(inside, centres=FRAME.cells(at))
    assert windows.peaks()[0, 2] == 0
    error = windows.error(at + 0.02, torch.full_like(at, 2.0))
    expected = whole.error(at + 0.02, torch.full_like(at, 2.0))
    torch.testing.assert_close(error, expected, rtol=0.03, atol=0.03)
    assert windows.read(at)[0, 2] == 0


def test_fine_bins_are_kept_in_part():
    """A SimCC head's: the same loss, but for its unit, of fewer cells."""
    fine = HeatmapFrame((384, 512), (384.0, 512.0), sigma_scale=(8.0, 8.0))
    rows, columns = gaussian_profiles(
        coords(), torch.full((B, K, 2), 5.3 / 8), fine
    )
    maps = SeparableHeatmaps(fine, rows, columns)
    spec = measure_windows(maps)
    assert spec == WindowSpec(step=3, size=11)
    windows = cut(maps, spec)
    near = coords() + 0.01
    sigmas = torch.full_like(near, 0.7)
    w, h = windows.frame.size
    torch.testing.assert_close(
        windows.error(near, sigmas) / (w * h),
        maps.error(near, sigmas) / (384 * 512),
        rtol=0.01, atol=0,
    )  # fmt: skip
    torch.testing.assert_close(windows.coords(), coords(), rtol=0, atol=1e-3)


def test_windows_of_an_unsure_teacher_are_the_papers():
    maps = DenseHeatmaps(FRAME, torch.zeros(B, K, 64, 48))
    assert measure_windows(maps) == WindowSpec(step=1, size=13)


def test_mirror_images():
    maps = teacher(coords())
    torch.testing.assert_close(
        cut(maps).mirrored().formed(), maps.mirrored().formed(),
        rtol=0, atol=0.011,
    )  # fmt: skip
