"""Gaussians that are measured of heatmaps and drawn again."""

import pytest
import torch

from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.teachers.stored.gaussians import NARROWEST, Gaussians

MSRA = HeatmapFrame.msra((48, 64))
ROWS = HeatmapFrame((384, 512), (384.0, 512.0), sigma_scale=(8.0, 8.0))


def given(frame, sigmas, low=0.0, high=1.0):
    """Gaussians all over the input, and at its border."""
    torch.manual_seed(0)
    coords = low + (high - low) * torch.rand(2, 9, 2)
    coords[0, 0], coords[0, 1] = low, torch.tensor([high, low])
    heights = 0.2 + 0.8 * torch.rand(2, 9)
    return Gaussians(coords, heights, torch.tensor(sigmas).expand(2, 9, 2))


@pytest.mark.parametrize('form', [SeparableHeatmaps, DenseHeatmaps])
@pytest.mark.parametrize('frame, sigmas, high', [
    (MSRA, (2.0, 2.0), 0.98),
    (MSRA, (1.2, 2.8), 0.98),
    (ROWS, (0.61, 0.71), 0.999),
])  # fmt: skip
def test_of_gaussians_all_is_measured(form, frame, sigmas, high):
    """At the border, too, where half of one is cut off."""
    truth = given(frame, sigmas, high=high)
    maps = truth.drawn(frame)
    if form is DenseHeatmaps:
        maps = DenseHeatmaps(frame, maps.formed())
    found = Gaussians.of(maps)
    for name in Gaussians._fields:
        torch.testing.assert_close(
            getattr(found, name), getattr(truth, name), rtol=0.03, atol=1e-3
        )
    # A copy teaches the same.
    coords = truth.coords + 0.01
    sigmas = truth.sigmas * 1.1
    torch.testing.assert_close(
        found.drawn(frame).error(coords, sigmas), maps.error(coords, sigmas),
        rtol=0.02, atol=0.01,
    )  # fmt: skip


def test_a_second_peak_changes_little():
    first = given(MSRA, (2.0, 2.0), 0.2, 0.4)
    second = first._replace(
        coords=first.coords + torch.tensor([0.5, 0.0]),
        heights=0.4 * first.heights,
    )
    maps = DenseHeatmaps(
        MSRA, sum(x.drawn(MSRA).formed() for x in (first, second))
    )
    found = Gaussians.of(maps)
    torch.testing.assert_close(found.coords, first.coords, rtol=0, atol=1e-3)
    assert (found.sigmas[..., 0] / 2 - 1).abs().max() < 0.2
    assert (found.sigmas[..., 1] / 2 - 1).abs().max() < 0.02


@pytest.mark.parametrize('cells, height, sigma', [
    ({}, 0, NARROWEST),
    ({x: -1.0 for x in range(48)}, 0, NARROWEST),
    ({x: 1.0 for x in range(48)}, 1, 48),
    ({20: 1.0}, 1, 0.564),  # a cell of height 1, as a Gaussian of its energy
    ({20: 1.0, 21: 1.0}, 1.65, NARROWEST),
])  # fmt: skip
def test_what_is_no_gaussian(cells, height, sigma):
    row = torch.zeros(1, 1, 48)
    for x, value in cells.items():
        row[..., x] = value
    column = torch.exp(-0.125 * (torch.arange(64.0) - 30).square())
    column = column.expand(1, 1, 64)
    found = Gaussians.of(SeparableHeatmaps(MSRA, row, column))
    assert found.heights.item() == pytest.approx(height, abs=0.01)
    assert found.sigmas[0, 0, 0].item() == pytest.approx(sigma, abs=1e-3)
