"""Rows and heatmaps to keypoints, as MMPose's codecs decode them.

A codec decodes with NumPy, person by person. Here it is done for a batch, in
operators that a graph can hold.

N: batch. K: keypoints. h, w: height and width of a heatmap, or bins along y
and x.
"""

from functools import singledispatch

import cv2
import torch
import torch.nn.functional as F
from mmpose.codecs import MegviiHeatmap, MSRAHeatmap, SimCCLabel, UDPHeatmap
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from distilpose_runtime.errors import UserTypeError

__all__ = ['by_keypoint', 'decode']

Decoded = tuple[Tensor, Tensor]


@singledispatch
def decode(codec: BaseKeypointCodec, *maps: Tensor) -> Decoded:
    """Find the keypoints in what a head gives.

    A codec of another kind is added by ``decode.register``.

    Args:
        codec: The codec of the head.
        maps: Rows (N, K, w) and columns (N, K, h) of a SimCC codec; heatmaps
            (N, K, h, w), or three for each keypoint (N, 3 K, h, w), of others.

    Returns:
        Coordinates (N, K, 2), pixels of the input, and scores (N, K).

    Raises:
        TypeError: The codec is of a kind that is not known.
    """
    raise UserTypeError(
        f'It is not known how {type(codec).__name__} decodes. Known are '
        'SimCCLabel, MSRAHeatmap, UDPHeatmap and MegviiHeatmap. Choose such a '
        'codec, or add it by distilpose.deploy.decode.decode.register.'
    )


@decode.register
def _(codec: SimCCLabel, rows: Tensor, columns: Tensor) -> Decoded:
    (high_x, x), (high_y, y) = rows.max(-1), columns.max(-1)
    scores = torch.minimum(high_x, high_y)
    cells = _where_positive(scores, x, y)
    if codec.use_dark:
        step_x = _newton_step(rows, x, codec.sigma[0])
        step_y = _newton_step(columns, y, codec.sigma[1])
        cells = cells - torch.stack([step_x, step_y], -1)
    return cells / codec.simcc_split_ratio, scores


@decode.register
def _(codec: MSRAHeatmap, maps: Tensor) -> Decoded:
    scores, x, y = _maximum(maps)
    h, w = maps.shape[-2:]
    cells = _where_positive(scores, x, y)
    if codec.unbiased:
        logs = _blurred(maps, codec.blur_kernel_size).clamp(min=1e-10).log()
        inside = (x > 1) & (x < w - 2) & (y > 1) & (y < h - 2)
        moved = _to_the_top(logs, x, y, 2) * inside[..., None]
    else:
        inside_x = (x > 1) & (x < w - 1) & (y > 0)
        inside_y = (y > 1) & (y < h - 1) & (x > 0)
        moved = _quarter(maps, x, y) * torch.stack([inside_x, inside_y], -1)
    cells = cells + moved * (scores > 0)[..., None]
    return cells * cells.new_tensor(codec.scale_factor), scores


@decode.register
def _(codec: UDPHeatmap, maps: Tensor) -> Decoded:
    (input_w, input_h), (w, h) = codec.input_size, codec.heatmap_size
    if codec.heatmap_type == 'gaussian':
        scores, x, y = _maximum(maps)
        logs = _blurred(maps, codec.blur_kernel_size).clamp(1e-3, 50).log()
        moved = _to_the_top(logs, x, y, 1)
    else:
        disc, d_x, d_y = by_keypoint(maps).unbind(2)
        # As cv2.GaussianBlur does: mirrored about the cells at the border.
        scores, x, y = _maximum(
            _blurred(disc, 2 * codec.blur_kernel_size + 1, 'reflect')
        )
        radius = codec.radius_factor * max(w, h)
        moved = radius * torch.stack([_at(d_x, x, y), _at(d_y, x, y)], -1)
    cells = _where_positive(scores, x, y) + moved
    scale = input_w / (w - 1), input_h / (h - 1)
    return cells * cells.new_tensor(scale), scores


@decode.register
def _(codec: MegviiHeatmap, maps: Tensor) -> Decoded:
    maps = _blurred(maps, codec.kernel_size)
    scores, x, y = _maximum(maps)
    h, w = maps.shape[-2:]
    inside = (x > 1) & (x < w - 1) & (y > 1) & (y < h - 1) & (scores > 0)
    moved = (_quarter(maps, x, y) + 0.5) * inside[..., None]
    cells = _where_positive(scores, x, y) + moved
    return cells * cells.new_tensor(codec.scale_factor), scores / 255 + 0.5


def by_keypoint(maps: Tensor) -> Tensor:
    """Maps (N, 3 K, h, w) of UDP's combined kind as (N, K, 3, h, w)."""
    n, _, h, w = maps.shape
    return maps.reshape(n, -1, 3, h, w)


def _maximum(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The maxima of heatmaps, and the cells (x, y) where they are."""
    values, index = maps.flatten(2).max(-1)
    w = maps.shape[-1]
    return values, index % w, index // w


def _where_positive(scores: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Cells (N, K, 2); -1, as in MMPose, where nothing is above 0."""
    cells = torch.stack([x, y], dim=-1).to(scores.dtype)
    # PyTorch 2.1 exports a number in torch.where as one of float64.
    return cells.masked_fill(~(scores > 0)[..., None], -1.0)


def _at(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Values of heatmaps at cells (N, K); outside, of the nearest cell."""
    h, w = maps.shape[-2:]
    index = y.clamp(0, h - 1) * w + x.clamp(0, w - 1)
    return maps.flatten(2).gather(2, index[..., None]).squeeze(-1)


def _quarter(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """A quarter of a cell towards the higher neighbours, cells (N, K, 2)."""
    d_x = _at(maps, x + 1, y) - _at(maps, x - 1, y)
    d_y = _at(maps, x, y + 1) - _at(maps, x, y - 1)
    return torch.stack([d_x, d_y], -1).sign() / 4


def _to_the_top(logs: Tensor, x: Tensor, y: Tensor, step: int) -> Tensor:
    """From a cell to the top of the parabola around it, cells (N, K, 2).

    Args:
        logs: Logarithms of blurred heatmaps.
        x: Columns (N, K).
        y: Rows (N, K).
        step: Distance of the cells for second derivatives: 2 for DARK, 1 for
            UDP, which also reads the mixed one at other neighbours.
    """

    def at(i: int, j: int) -> Tensor:
        return _at(logs, x + i, y + j)

    here, right, left, below, above = (
        at(i, j) for i, j in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    )
    d_x, d_y = (right - left) / 2, (below - above) / 2
    d_xx = (at(step, 0) - 2 * here + at(-step, 0)) / step**2
    d_yy = (at(0, step) - 2 * here + at(0, -step)) / step**2
    if step == 1:
        corners = at(1, 1) + at(-1, -1)
        d_xy = (corners - right - left - below - above) / 2 + here
        eps = torch.finfo(torch.float32).eps
        d_xx, d_yy = d_xx + eps, d_yy + eps
    else:
        d_xy = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    determinant = d_xx * d_yy - d_xy.square()
    flat = determinant == 0
    moved = (
        torch.stack([d_xy * d_y - d_yy * d_x, d_xy * d_x - d_xx * d_y], dim=-1)
        / determinant.masked_fill(flat, 1.0)[..., None]
    )
    return moved.masked_fill(flat[..., None], 0.0)


def _newton_step(profile: Tensor, i: Tensor, sigma: float) -> Tensor:
    """How far a profile's top lies from its highest bin, bins (N, K)."""
    kernel = int((sigma * 20 - 7) // 3)  # as SimCCLabel blurs
    kernel -= kernel % 2 == 0
    logs = _blurred(profile[..., None, :], kernel, rows=False)
    logs = logs.clamp(1e-3, 50).log()

    def at(step: int) -> Tensor:
        return _at(logs, i + step, torch.zeros_like(i))

    slope = (at(1) - at(-1)) / 2
    return slope / (1e-9 + (at(2) - 2 * at(0) + at(-2)) / 4)


def _blurred(
    maps: Tensor, kernel: int, border: str = 'constant', rows: bool = True
) -> Tensor:
    """Blur heatmaps by a Gaussian; each keeps its greatest value.

    Args:
        maps: Heatmaps (N, K, h, w).
        kernel: Size of OpenCV's kernel, which chooses the sigma by it.
        border: ``constant`` for 0 around the heatmaps; else as
            ``torch.nn.functional.pad`` has it, and heights are not kept.
        rows: Whether to blur along y as well.
    """
    k, h, w = maps.shape[1:]
    weights = torch.from_numpy(cv2.getGaussianKernel(kernel, 0)).to(maps)
    half = kernel // 2
    # The exporter takes N for a constant where a head unflattens its maps.
    flat = maps.reshape(-1, 1, h, w)
    flat = F.pad(flat, (half, half) + ((half, half) if rows else ()), border)
    flat = F.conv2d(flat, weights.reshape(1, 1, 1, kernel))
    if rows:
        flat = F.conv2d(flat, weights.reshape(1, 1, kernel, 1))
    blurred = flat.reshape(-1, k, h, w)
    if border != 'constant':
        return blurred
    own, new = (x.amax((-2, -1), keepdim=True) for x in (maps, blurred))
    return blurred * (own / new.masked_fill(new == 0, 1.0))
