"""How sure rows and heatmaps are of a keypoint, in closed form.

A head that learns Gaussians of one width around the truth by cross-entropy or
squared error gives the mean of them over where the truth may be: the
distribution of the truth, convolved with the label's Gaussian. Variances add,
so that the difference of both is the variance of the truth.

B: batch. K: keypoints. n: bins or cells along an axis.
"""

import torch
from torch import Tensor

__all__ = ['profile_sigmas']

# What lies below this share of the peak is taken for background.
FLOOR = 0.01
# The least sigma, as a share of the label's.
LEAST = 0.1


def profile_sigmas(profiles: Tensor, label_sigma: float) -> Tensor:
    """Estimate sigmas (B, K) of the truth from profiles (B, K, n).

    Profiles may have any height. All sigmas are in cells. The floor is
    subtracted, not cut off, so that the result changes smoothly.
    """
    floor = FLOOR * profiles.amax(-1, keepdim=True)
    weights = (profiles - floor).clamp(min=0)
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-12)
    cells = torch.arange(
        profiles.shape[-1], dtype=profiles.dtype, device=profiles.device
    )
    mean = (weights * cells).sum(-1, keepdim=True)
    variance = (weights * (cells - mean).square()).sum(-1)
    variance = variance / _VARIANCE_ABOVE_FLOOR - label_sigma**2
    return variance.clamp(min=(LEAST * label_sigma) ** 2).sqrt()


def _variance_above_floor() -> float:
    """Variance of a Gaussian of sigma 1 after its floor is subtracted."""
    x = torch.linspace(-5, 5, 10_001, dtype=torch.float64)
    weights = (torch.exp(-0.5 * x.square()) - FLOOR).clamp(min=0)
    return float((weights * x.square()).sum() / weights.sum())


_VARIANCE_ABOVE_FLOOR = _variance_above_floor()
