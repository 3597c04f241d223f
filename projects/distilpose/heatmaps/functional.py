"""The mathematics of DistilPose as pure functions of tensors.

B: batch. K: keypoints. h, w: height and width of a heatmap.
Coordinates (B, K, 2) are (x, y), fractions of the input; sigmas (B, K, 2) are
(x, y), pixels of the student's heatmap. A heatmap's cell (x, y) is its integer
grid point; ``HeatmapFrame`` maps coordinates to cells.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .frame import HeatmapFrame

__all__ = [
    'at_least_float32',
    'gaussian_profiles',
    'read_heatmaps',
    'separable_error',
    'simulate_heatmaps',
    'simulated_heatmap_error',
]

# A sigma of zero is no Gaussian. At this width, in heatmap pixels, every
# neighbour of the centre is already zero in float32.
MIN_SIGMA = 1e-2


def at_least_float32(*tensors: Tensor) -> list[Tensor]:
    """Bring tensors to one dtype: the widest of theirs and float32."""
    dtype = torch.float32
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return [tensor.to(dtype) for tensor in tensors]


def simulate_heatmaps(
    coords: Tensor, sigmas: Tensor, frame: HeatmapFrame
) -> Tensor:
    """Draw predictions as heatmaps (B, K, h, w) of height 1 (Sec. 3.3).

    G(x, y) = exp(-((x - x̂')² / (2 σ_x²) + (y - ŷ')² / (2 σ_y²))), with
    (x̂', ŷ') and the sigmas in cells of the frame: (x̂ w, ŷ h) in the paper's.
    """
    g_x, g_y = gaussian_profiles(coords, sigmas, frame)
    return g_y[..., :, None] * g_x[..., None, :]


def simulated_heatmap_error(
    coords: Tensor, sigmas: Tensor, heatmaps: Tensor, frame: HeatmapFrame
) -> Tensor:
    """Squared distance between simulated heatmaps and constants (B, K, h, w).

    A Gaussian is separable, so that the distance needs no heatmap to be
    drawn: sum (G - T)² = sum g_x² sum g_y² - 2 g_yᵀ T g_x + sum T².

    Returns:
        The sum over the h * w cells of (G - T)², (B, K); 0, with no gradient,
        for a heatmap that holds NaN or infinity.
    """
    return _SeparableError.apply(
        *gaussian_profiles(coords, sigmas, frame), heatmaps
    )


def separable_error(
    g_x: Tensor, g_y: Tensor, t_x: Tensor, t_y: Tensor
) -> Tensor:
    """Squared distance between two heatmaps that are products of profiles.

    sum (G - T)² = |g_x|² |g_y|² - 2 (g_x . t_x) (g_y . t_y) + |t_x|² |t_y|².
    Profiles are (B, K, w) along x and (B, K, h) along y, those of T constants.

    Returns:
        As ``simulated_heatmap_error``.
    """
    finite = (t_x.isfinite().all(-1) & t_y.isfinite().all(-1))[..., None]
    t_x, t_y = (torch.where(finite, t, 0.0) for t in (t_x, t_y))

    def product(a_x: Tensor, a_y: Tensor, b_x: Tensor, b_y: Tensor) -> Tensor:
        return (a_x * b_x).sum(-1) * (a_y * b_y).sum(-1)

    error = (
        product(g_x, g_y, g_x, g_y)
        - 2 * product(g_x, g_y, t_x, t_y)
        + product(t_x, t_y, t_x, t_y)
    )
    return torch.where(finite.squeeze(-1), error, 0.0)


class _SeparableError(torch.autograd.Function):
    """sum (g_y g_xᵀ - T)² for columns g_x (B, K, w) and rows g_y (B, K, h).

    Its gradients are written out: 2 g_x |g_y|² - 2 Tᵀ g_y, and likewise for
    g_y. Of the heatmaps, three products are all that is made; automatic
    gradients would carry an infinity in T into every other keypoint's.
    """

    @staticmethod
    def forward(
        ctx: Any, g_x: Tensor, g_y: Tensor, heatmaps: Tensor
    ) -> Tensor:
        cells = heatmaps.flatten(2)[..., None, :]
        energy = (cells @ cells.transpose(-1, -2)).flatten(1)
        rows = (heatmaps @ g_x[..., None]).squeeze(-1)
        columns = (g_y[..., None, :] @ heatmaps).squeeze(-2)
        size_x, size_y = g_x.square().sum(-1), g_y.square().sum(-1)
        error = size_x * size_y - 2 * (rows * g_y).sum(-1) + energy
        finite = error.isfinite()
        ctx.save_for_backward(
            finite[..., None],
            g_x * size_y[..., None] - columns,
            g_y * size_x[..., None] - rows,
        )
        return torch.where(finite, error, 0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        finite, slope_x, slope_y = ctx.saved_tensors
        grad = 2 * grad[..., None]
        return (
            torch.where(finite, grad * slope_x, 0.0),
            torch.where(finite, grad * slope_y, 0.0),
            None,
        )


def read_heatmaps(
    heatmaps: Tensor, coords: Tensor, frame: HeatmapFrame
) -> Tensor:
    """Read heatmaps (B, K, h, w) at the cells nearest to some coordinates.

    The frame says where to read.

    Returns:
        Values (B, K, 1); 0 where a coordinate lies outside [0, 1].
    """
    h, w = heatmaps.shape[-2:]
    inside = ((coords >= 0) & (coords <= 1)).all(-1, keepdim=True)
    cells = frame.reading_cells(torch.where(inside, coords, 0)).round().long()
    x, y = cells[..., :1].clamp(0, w - 1), cells[..., 1:].clamp(0, h - 1)
    index = y * w + x
    return heatmaps.flatten(2).gather(2, index) * inside


def gaussian_profiles(
    coords: Tensor, sigmas: Tensor, frame: HeatmapFrame
) -> tuple[Tensor, Tensor]:
    """Make the profiles whose product is a simulated heatmap in a frame.

    Returns:
        g_x (B, K, w) and g_y (B, K, h), Gaussians of height 1.
    """
    centres = frame.cells(coords)
    sigmas = frame.sigmas(sigmas).clamp(min=MIN_SIGMA)
    profiles = []
    for axis, length in enumerate(frame.size):
        grid = torch.arange(length, dtype=coords.dtype, device=coords.device)
        offset = grid - centres[..., axis, None]
        profiles.append(
            torch.exp(-0.5 * (offset / sigmas[..., axis, None]).square())
        )
    return profiles[0], profiles[1]
