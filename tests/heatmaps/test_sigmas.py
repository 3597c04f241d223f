"""Sigmas of the truth, out of rows that were learned from it."""

import pytest
import torch

from distilpose.heatmaps.sigmas import profile_sigmas

BINS = torch.arange(192, dtype=torch.float64)


def gaussian(center, sigma):
    return torch.exp(-0.5 * ((BINS - center) / sigma) ** 2)


@pytest.mark.parametrize('error', [1.0, 2.0, 4.0, 8.0])
@pytest.mark.parametrize('height', [1.0, 0.2])
def test_of_the_mean_of_labels_around_the_truth(error, height):
    """Labels of sigma 2.5, at places that scatter by ``error``."""
    torch.manual_seed(0)
    places = 96 + error * torch.randn(4000, 1, dtype=torch.float64)
    row = height * gaussian(places, 2.5).mean(0)
    found = profile_sigmas(row[None, None], 2.5)
    torch.testing.assert_close(
        found, torch.full((1, 1), error).double(), rtol=0.06, atol=0.0
    )


def test_background_and_certainty():
    """Below a hundredth of the peak nothing counts; there is a least sigma."""
    clean = gaussian(50.3, 5.0)
    noisy = clean.clamp(min=0.0099)
    sigmas = profile_sigmas(torch.stack([clean, noisy])[None], 3.0)
    torch.testing.assert_close(
        sigmas, torch.full((1, 2), 4.0).double(), rtol=0.01, atol=0.0
    )
    torch.testing.assert_close(sigmas[0, 0], sigmas[0, 1], rtol=1e-9, atol=0.0)
    sure = profile_sigmas(gaussian(50, 3.0)[None, None], 3.0)
    assert sure.item() == pytest.approx(0.3, abs=0.2)
    nothing = profile_sigmas(torch.zeros(1, 1, 192).double(), 3.0)
    assert nothing.item() == pytest.approx(0.3)
