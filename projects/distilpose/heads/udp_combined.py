"""Heads of UDP's combined kind: three maps for each keypoint.

The first is 1 in a disc around the keypoint. The others are, in each cell, how
far away the keypoint is, (x, y), as fractions of the disc's radius.

B: batch. K: keypoints. h, w: height and width of a map.
"""

from typing import Any

import torch
import torch.nn.functional as F
from mmpose.codecs import UDPHeatmap
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from ..heatmaps.forms import SeparableHeatmaps
from ..heatmaps.frame import heatmap_frame
from ..heatmaps.functional import at_least_float32

__all__ = ['combined_heatmaps', 'is_combined']


def is_combined(codec: Any) -> bool:
    """Whether a codec makes three maps for each keypoint."""
    return isinstance(codec, UDPHeatmap) and codec.heatmap_type == 'combined'


def combined_heatmaps(codec: UDPHeatmap, maps: Tensor) -> SeparableHeatmaps:
    """Draw a Gaussian where the codec finds each keypoint.

    Maps are (B, 3 K, h, w). A disc cannot be imitated by a Gaussian: many
    positions and widths fit it about equally well. What the teacher knows
    best is the position, to which its offsets point. The Gaussian has the
    codec's sigma and the height of the disc's centre.
    """
    frame = heatmap_frame(codec)
    (maps,) = at_least_float32(maps)
    disc, *offsets = maps.unflatten(1, (-1, 3)).unbind(2)  # (B, K, h, w) each
    top = _middle(disc, codec.blur_kernel_size).flatten(2)
    top = top.argmax(-1, keepdim=True)
    height, x, y = (
        part.flatten(2).gather(-1, top) for part in (disc, *offsets)
    )
    w, h = frame.size
    radius = codec.radius_factor * max(w, h)
    cells = torch.cat([top % w + radius * x, top // w + radius * y], dim=-1)
    sigmas = frame.student_sigmas(torch.full_like(cells, codec.sigma))
    return SeparableHeatmaps.gaussians(
        frame, frame.coords(cells), sigmas, height.squeeze(-1).clamp(0, 1)
    )


def _middle(disc: Tensor, margin: int) -> Tensor:
    """Blur as the codec does: a disc's highest cell may lie anywhere in it.

    The codec mirrors at the border. This does not: the highest value could
    then lie outside of the disc, where offsets mean nothing.
    """
    wide = gaussian_blur(F.pad(disc, [margin] * 4), 2 * margin + 1)
    return wide[..., margin:-margin, margin:-margin]
