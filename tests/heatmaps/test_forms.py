"""Heatmaps in every form give what the formed ones give."""

import pytest
import torch

from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps
from distilpose.heatmaps.frame import PAPER_SIGMA, HeatmapFrame, InputView
from distilpose.heatmaps.functional import gaussian_profiles, simulate_heatmaps

FRAME = HeatmapFrame((24, 20), (24.0, 19.0), (-0.5, 0.25), (1.5, 1.25))


def points(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, 2, generator=generator, dtype=torch.float64)


def separable(coords, sigmas, height=0.8):
    rows, columns = gaussian_profiles(coords, sigmas, FRAME)
    return SeparableHeatmaps(FRAME, rows * height, columns)


def test_rows_alone_give_the_error_of_formed_heatmaps():
    truth, sigmas = points(2, 3), points(2, 3, seed=1) + 0.5
    maps = separable(truth, sigmas)
    coords = points(2, 3, seed=2).requires_grad_()
    widths = (points(2, 3, seed=3) + 0.5).requires_grad_()
    error = maps.error(coords, widths)
    drawn = simulate_heatmaps(coords, widths, FRAME)
    expected = (drawn - maps.formed()).square().sum((-1, -2))
    torch.testing.assert_close(error, expected)
    torch.testing.assert_close(
        torch.autograd.grad(error.sum(), (coords, widths), retain_graph=True),
        torch.autograd.grad(expected.sum(), (coords, widths)),
    )
    dense = DenseHeatmaps(FRAME, maps.formed()).error(coords, widths)
    torch.testing.assert_close(dense, expected)


def test_both_are_read_alike():
    """Cells of the paper's width, and rows of any."""
    cells = FRAME.cells(points(2, 3)).round()
    truth = FRAME.coords(cells)
    at = FRAME.coords(cells + (points(2, 3, seed=4) * 6 - 3).round())
    at[0, 0] = truth[0, 0] - 1  # outside
    maps = separable(truth, torch.full_like(truth, PAPER_SIGMA))
    dense = DenseHeatmaps(FRAME, maps.formed())
    narrow = separable(truth, torch.full_like(truth, 0.7))
    read = dense.read(at)
    assert read[0, 0] == 0 and read.max() > 0.3
    for rows in (maps, narrow):
        torch.testing.assert_close(rows.read(at), read)
    torch.testing.assert_close(maps.peaks(), dense.peaks())
    assert maps.shape == dense.shape == (2, 3, 20, 24)


def test_a_gaussian_peaks_at_its_centre():
    """Between cells, and on the border too."""
    truth = points(4, 5) * 0.9 + 0.03
    maps = separable(truth, torch.full_like(truth, 1.2))
    for form in (maps, DenseHeatmaps(FRAME, maps.formed())):
        torch.testing.assert_close(form.coords(), truth, atol=1e-6, rtol=0)


@pytest.mark.parametrize('row, peak', [
    # Its parabola peaks two and a half cells outside.
    ([1.0, 0.8, 0.6088], -1),
    ([0.6088, 0.8, 1.0], 3),
    ([1.0, 0.9, 0.7], -0.2219),
    ([1.0, 0.3, 0.2], 0),  # opens upwards
    ([1.0, 1.0, 0.5], 0.5),
])  # fmt: skip
def test_a_peak_lies_at_most_a_cell_beyond_the_border(row, peak):
    frame = HeatmapFrame((3, 3), (3.0, 3.0))
    rows = torch.tensor([[row]])
    cells = frame.cells(SeparableHeatmaps(frame, rows, rows).coords())
    torch.testing.assert_close(
        cells, torch.full((1, 1, 2), float(peak)), rtol=0, atol=1e-4
    )


def test_empty_heatmaps_peak_at_a_finite_place():
    maps = DenseHeatmaps(FRAME, torch.zeros(1, 1, 20, 24))
    assert maps.coords().isfinite().all()


def test_broken_rows_weigh_nothing():
    maps = separable(points(1, 2), points(1, 2) + 1)
    maps.rows[0, 1, 3] = torch.inf
    coords = points(1, 2, seed=2).requires_grad_()
    error = maps.error(coords, points(1, 2) + 1)
    (grad,) = torch.autograd.grad(error.sum(), coords)
    assert error[0, 0] > 0 and error[0, 1] == 0
    assert grad[0, 0].any() and not grad[0, 1].any()


@pytest.mark.parametrize('maps', [
    lambda: DenseHeatmaps(FRAME, torch.zeros(1, 1, 24, 20)),
    lambda: SeparableHeatmaps(
        FRAME, torch.zeros(1, 1, 20), torch.zeros(1, 1, 24)),
])  # fmt: skip
def test_another_size_than_the_codec_says(maps):
    with pytest.raises(ValueError, match=r'\(20, 24\) \(w, h\), .* \(24, 20'):
        maps()


def test_a_frame_seen_through_another_input():
    """A point keeps its cell, and a sigma its share of the image."""
    view = InputView((192, 256), (256, 256), (0.5, 0.5), (80.0, 64.0))
    frame = HeatmapFrame.msra((64, 64))
    seen = DenseHeatmaps(frame, torch.zeros(1, 1, 64, 64)).seen_through(view)
    own = points(5)
    pixels = own * torch.tensor([192, 256]) / 2 + torch.tensor([80, 64])
    for cells in (HeatmapFrame.cells, HeatmapFrame.reading_cells):
        expected = cells(frame, pixels / 256)
        torch.testing.assert_close(cells(seen.frame, own), expected)
    torch.testing.assert_close(seen.frame.coords(seen.frame.cells(own)), own)
    # 4 pixels of the student are 2 of the teacher, half a cell.
    assert seen.frame.sigmas(torch.ones(2)).tolist() == [0.5, 0.5]
