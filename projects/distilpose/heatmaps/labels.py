"""Labels as a codec draws them, of a whole batch and on its device.

MMPose's codecs draw them with NumPy, person by person, where data are loaded.
A teacher's labels are known only in the step itself.

B: batch. K: keypoints. h, w: height and width of a heatmap, or bins along y
and x.
"""

import math
from functools import singledispatch

import torch
from mmpose.codecs import (
    IntegralRegressionLabel,
    MegviiHeatmap,
    MSRAHeatmap,
    RegressionLabel,
    SimCCLabel,
    UDPHeatmap,
)
from mmpose.codecs.base import BaseKeypointCodec
from torch import Tensor

from distilpose_runtime.errors import UserTypeError

from .frame import heatmap_frame
from .functional import gaussian_profiles

__all__ = ['draw_labels']


@singledispatch
def draw_labels(
    codec: BaseKeypointCodec, coords: Tensor
) -> tuple[Tensor, ...]:
    """Draw the labels that a codec makes of coordinates (B, K, 2), finite.

    They are fractions of the input. Unlike MMPose's codecs, none rounds a
    keypoint to a cell, and no Gaussian is cut off. A codec of another kind is
    added by ``draw_labels.register``.

    Returns:
        What the head's loss compares with, in its order: rows (B, K, w) and
        columns (B, K, h) of a SimCC codec, coordinates (B, K, 2) of a
        regression codec, heatmaps (B, K, h, w), or coordinates and heatmaps.

    Raises:
        TypeError: There is none for this kind of codec.
    """
    raise UserTypeError(
        f'The labels of {type(codec).__name__} cannot be drawn at keypoints '
        'of a teacher. Known are SimCCLabel, MSRAHeatmap, UDPHeatmap, '
        'MegviiHeatmap, RegressionLabel and IntegralRegressionLabel. Choose '
        'such a codec, or add it by '
        'distilpose.heatmaps.labels.draw_labels.register.'
    )


@draw_labels.register
def _(codec: RegressionLabel, coords: Tensor) -> tuple[Tensor, ...]:
    return (coords,)


@draw_labels.register
def _(codec: SimCCLabel, coords: Tensor) -> tuple[Tensor, ...]:
    rows, columns = _profiles(codec, coords, codec.sigma.tolist())
    if codec.normalize:
        total = math.sqrt(2 * math.pi)
        rows = rows / (codec.sigma[0] * total)
        columns = columns / (codec.sigma[1] * total)
    return rows, columns


@draw_labels.register
def _(codec: MSRAHeatmap, coords: Tensor) -> tuple[Tensor, ...]:
    return (_heatmaps(codec, coords, codec.sigma),)


@draw_labels.register
def _(codec: MegviiHeatmap, coords: Tensor) -> tuple[Tensor, ...]:
    # What cv2.GaussianBlur takes for a kernel of this size.
    sigma = 0.3 * ((codec.kernel_size - 1) / 2 - 1) + 0.8
    return (255 * _heatmaps(codec, coords, sigma),)


@draw_labels.register
def _(codec: UDPHeatmap, coords: Tensor) -> tuple[Tensor, ...]:
    if codec.heatmap_type == 'gaussian':
        return (_heatmaps(codec, coords, codec.sigma),)
    # A disc, and in each cell how far away its centre is: three maps each.
    frame = heatmap_frame(codec)
    w, h = frame.size
    x, y = frame.cells(coords).unbind(-1)
    radius = codec.radius_factor * max(w, h)
    x = (x[..., None, None] - _grid(w, coords)) / radius
    y = (y[..., None, None] - _grid(h, coords)[:, None]) / radius
    x, y = torch.broadcast_tensors(x, y)
    disc = (x.square() + y.square() <= 1).to(coords.dtype)
    return (torch.stack([disc, x, y], dim=2).flatten(1, 2),)


@draw_labels.register
def _(codec: IntegralRegressionLabel, coords: Tensor) -> tuple[Tensor, ...]:
    (heatmaps,) = draw_labels(codec.heatmap_codec, coords)
    if codec.normalize:
        total = heatmaps.sum((-1, -2), keepdim=True)
        heatmaps = heatmaps / total.clamp(min=1e-24)
    return coords, heatmaps


def _heatmaps(
    codec: BaseKeypointCodec, coords: Tensor, sigma: float
) -> Tensor:
    """Gaussians (B, K, h, w) of height 1."""
    rows, columns = _profiles(codec, coords, (sigma, sigma))
    return columns[..., :, None] * rows[..., None, :]


def _profiles(
    codec: BaseKeypointCodec, coords: Tensor, sigmas: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """Profiles of Gaussians, whose sigmas (x, y) are in cells."""
    frame = heatmap_frame(codec)
    cells = torch.empty_like(coords)
    cells[..., 0], cells[..., 1] = sigmas
    return gaussian_profiles(coords, frame.student_sigmas(cells), frame)


def _grid(n: int, like: Tensor) -> Tensor:
    return torch.arange(n, dtype=like.dtype, device=like.device)
