"""Heads that give heatmaps cell by cell.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

from typing import Any

import torch
from mmpose.models import heads
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.forms import DenseHeatmaps, Heatmaps
from ..heatmaps.frame import heatmap_frame
from ..heatmaps.functional import at_least_float32, gaussian_profiles
from .heatmaps import heatmaps_of
from .maps import maps_given
from .udp_combined import combined_heatmaps, is_combined

__all__: list[str] = []


@heatmaps_of.register(heads.HeatmapHead)
@heatmaps_of.register(heads.CPMHead)
@heatmaps_of.register(heads.MSPNHead)
def _(head: nn.Module, output: Any) -> Heatmaps:
    (maps,) = maps_given(head, output)
    if not isinstance(maps, Tensor) or maps.ndim != 4:
        raise UserTypeError(
            f'The {type(head).__name__} of the teacher gives a '
            f'{type(maps).__name__}, expected heatmaps (B, K, h, w).'
        )
    if is_combined(head.decoder):
        return combined_heatmaps(head.decoder, maps)
    frame = heatmap_frame(head.decoder)
    return DenseHeatmaps(
        frame, maps if frame.height == 1 else maps / frame.height
    )


@heatmaps_of.register
def _(
    head: heads.IntegralRegressionHead, output: tuple[Tensor, Tensor]
) -> DenseHeatmaps:
    """Heatmaps through a softmax: each sums to 1, so its peak is lower.

    They are multiplied by the sum of the codec's Gaussian of height 1. At the
    border a part of the Gaussian is cut off, and its sum is less.
    """
    frame = heatmap_frame(head.decoder)
    maps = DenseHeatmaps(frame, *at_least_float32(output[1]))
    coords = maps.coords()
    sigmas = frame.student_sigmas(
        torch.full_like(coords, head.decoder.heatmap_codec.sigma)
    )
    rows, columns = gaussian_profiles(coords, sigmas, frame)
    maps = maps.scaled(rows.sum(-1) * columns.sum(-1))
    # A heatmap narrower than that Gaussian would peak above 1.
    return maps.scaled(1 / maps.peaks().clamp(min=1))


@heatmaps_of.register
def _(head: heads.VisPredictHead, output: tuple[Any, Tensor]) -> Heatmaps:
    """The wrapped head's heatmaps, times the visibility.

    The wrapped head has learned nothing about keypoints that are not visible.
    """
    pose, visibility = output
    if not head.use_sigmoid:
        visibility = visibility.sigmoid()
    return heatmaps_of(head.pose_head, pose).scaled(visibility)
