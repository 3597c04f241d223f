"""The mathematics of DistilPose as pure functions of tensors.

B: batch. K: keypoints. h, w: height and width of a heatmap.
Coordinates are (x, y), fractions of the input; sigmas are (x, y), heatmap
pixels. A heatmap's cell (x, y) is its integer grid point.
"""

import math
from typing import Any, Tuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = [
    'is_recorded',
    'keypoint_accuracy',
    'read_heatmaps',
    'simulate_heatmaps',
    'simulated_heatmap_error',
    'sine_position_table',
]

# A sigma of zero is no Gaussian. At this width, in heatmap pixels, every
# neighbour of the centre is already zero in float32.
MIN_SIGMA = 1e-2


def is_recorded() -> bool:
    """Whether PyTorch makes a graph of what is done, by tracing or compiling.

    It must hold for other batches, and leave nothing of it in a cache.
    """
    compiler = getattr(torch, 'compiler', None)  # of PyTorch 2.1
    return torch.jit.is_tracing() or (
        compiler is not None and compiler.is_compiling()
    )


def sine_position_table(height: int, width: int, dims: int) -> Tensor:
    """Make the fixed 2-D sine table of the visual tokens.

    Args:
        height: Rows of the grid of tokens.
        width: Columns of the grid of tokens.
        dims: Token width D. The first half encodes y, the second x.

    Returns:
        Table (1, height * width, D) in float64, row by row.
    """
    temperature, half = 10000, dims // 2
    # On the CPU whatever the default device, which may be 'meta'.
    cpu = dict(dtype=torch.float64, device='cpu')
    index = torch.arange(half, **cpu)
    frequency = temperature ** (-2 * (index // 2) / half)

    def encode(n: int) -> Tensor:  # (n, half)
        position = torch.arange(1, n + 1, **cpu)
        position = position * 2 * math.pi / (n + 1e-6)
        angle = position[:, None] * frequency
        # Sine on even columns, cosine on odd ones.
        return torch.stack(
            [angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2
        ).flatten(1)

    y = encode(height)[:, None].expand(-1, width, -1)
    x = encode(width)[None, :].expand(height, -1, -1)
    return torch.cat([y, x], dim=2).reshape(1, height * width, dims)


def simulate_heatmaps(
    coords: Tensor, sigmas: Tensor, size: Tuple[int, int]
) -> Tensor:
    """Draw predictions as heatmaps (Simulated Heatmaps, Sec. 3.3).

    G(x, y) = exp(-((x - x̂ w)² / (2 σ_x²) + (y - ŷ h)² / (2 σ_y²)))

    Args:
        coords: Predicted coordinates (B, K, 2), fractions of the input.
        sigmas: Predicted sigmas (B, K, 2), heatmap pixels.
        size: Size (w, h) of the heatmap.

    Returns:
        Heatmaps (B, K, h, w) of height 1.
    """
    g_x, g_y = _gaussian_profiles(coords, sigmas, size)
    return g_y[..., :, None] * g_x[..., None, :]


def simulated_heatmap_error(
    coords: Tensor, sigmas: Tensor, heatmaps: Tensor
) -> Tensor:
    """Squared distance between simulated heatmaps and given ones.

    A Gaussian is separable, so that the distance needs no heatmap to be
    drawn: sum (G - T)² = sum g_x² sum g_y² - 2 g_yᵀ T g_x + sum T².

    Args:
        coords: Predicted coordinates (B, K, 2), fractions of the input.
        sigmas: Predicted sigmas (B, K, 2), heatmap pixels.
        heatmaps: Heatmaps T to compare with (B, K, h, w); constants.

    Returns:
        The sum over the h * w cells of (G - T)², (B, K); 0, with no gradient,
        for a heatmap that holds NaN or infinity.
    """
    h, w = heatmaps.shape[-2:]
    return _SeparableError.apply(
        *_gaussian_profiles(coords, sigmas, (w, h)), heatmaps
    )


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
        sound = error.isfinite()
        ctx.save_for_backward(
            sound[..., None],
            g_x * size_y[..., None] - columns,
            g_y * size_x[..., None] - rows,
        )
        return torch.where(sound, error, 0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Tensor, Tensor, None]:
        sound, *slopes = ctx.saved_tensors
        grad = 2 * grad[..., None]
        grads = (torch.where(sound, grad * slope, 0.0) for slope in slopes)
        return (*grads, None)


def read_heatmaps(heatmaps: Tensor, coords: Tensor) -> Tensor:
    """Read heatmaps at the cells nearest to some coordinates.

    Args:
        heatmaps: Heatmaps (B, K, h, w).
        coords: Coordinates (B, K, 2), fractions of the input; the outermost
            cells' centres lie at 0 and 1.

    Returns:
        Values (B, K, 1); 0 where a coordinate lies outside [0, 1].
    """
    h, w = heatmaps.shape[-2:]
    inside = ((coords >= 0) & (coords <= 1)).all(-1, keepdim=True)
    last = coords.new_tensor([w - 1, h - 1])
    cell = (torch.where(inside, coords, 0) * last).round().long()
    index = cell[..., 1:] * w + cell[..., :1]
    return heatmaps.flatten(2).gather(2, index) * inside


def keypoint_accuracy(
    coords: Tensor, labels: Tensor, weights: Tensor, threshold: float = 0.05
) -> Tensor:
    """Share of keypoints that are about right (PCK), on their own device.

    Equal to MMPose's ``keypoint_pck_accuracy``, which works on NumPy arrays:
    a GPU would have to wait for it at every step.

    Args:
        coords: Predicted coordinates (B, K, 2), fractions of the input.
        labels: True coordinates (B, K, 2), fractions of the input.
        weights: Weights (B, K), 0 for keypoints to ignore.
        threshold: Largest distance that is right, fraction of the input.

    Returns:
        A scalar: the mean over the keypoints that any image shows of their
        share of right predictions; 0 if no image shows any.
    """
    shown = weights > 0
    right = shown & ((coords - labels).norm(dim=-1) <= threshold)
    shown, right = shown.sum(0), right.sum(0)
    shares = right / shown.clamp(min=1)
    return shares.sum() / (shown > 0).sum().clamp(min=1)


def _gaussian_profiles(
    coords: Tensor, sigmas: Tensor, size: Tuple[int, int]
) -> Tuple[Tensor, Tensor]:
    """Columns g_x (B, K, w) and rows g_y (B, K, h) of separable Gaussians."""
    sigmas = sigmas.clamp(min=MIN_SIGMA)
    profiles = []
    for axis, length in enumerate(size):
        grid = torch.arange(length, dtype=coords.dtype, device=coords.device)
        offset = grid - coords[..., axis, None] * length
        profiles.append(
            torch.exp(-0.5 * (offset / sigmas[..., axis, None]).square())
        )
    return profiles[0], profiles[1]
