"""Rows and heatmaps of mirror images, and their sigmas, in a graph.

N: batch. K: keypoints. h, w: height and width of a heatmap, or bins along y
and x.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmpose.codecs import MSRAHeatmap, SimCCLabel, UDPHeatmap
from torch import Tensor

from ..heads.heatmaps import heatmaps_of
from ..heads.maps import Maps
from ..heads.udp_combined import is_combined
from ..heatmaps.frame import STRIDE, heatmap_frame
from ..heatmaps.sigmas import profile_sigmas
from .decode import by_keypoint

__all__ = ['map_sigmas', 'mirrored_maps']


def mirrored_maps(
    maps: Maps, flip_indices: Sequence[int], test_cfg: dict
) -> Maps:
    """Mirror the maps of mirror images back, as MMPose's flip test does.

    Args:
        maps: What ``maps_given`` gave for mirror images.
        flip_indices: The keypoint that each keypoint is in a mirror image.
        test_cfg: The model's; ``flip_mode`` and ``shift_heatmap`` count.
    """
    if len(maps) == 2:
        rows, columns = maps
        return rows[:, flip_indices].flip(-1), columns[:, flip_indices]
    (heatmaps,) = maps
    if test_cfg.get('flip_mode') == 'udp_combined':
        parts = by_keypoint(heatmaps).flip(-1)[:, flip_indices]
        signs = parts.new_tensor([1, -1, 1]).view(1, 1, 3, 1, 1)
        heatmaps = (parts * signs).reshape(heatmaps.shape)
    else:
        heatmaps = heatmaps.flip(-1)[:, flip_indices]
    if test_cfg.get('shift_heatmap', False):
        heatmaps = torch.cat([heatmaps[..., :1], heatmaps[..., :-1]], dim=-1)
    return (heatmaps,)


def map_sigmas(head: Any, maps: Maps) -> Tensor | None:
    """Sigmas (N, K, 2), pixels of the input, in closed form.

    None for a codec whose maps have no width.
    """
    codec = head.decoder
    if isinstance(codec, SimCCLabel):
        profiles = heatmaps_of(head, maps).profiles()
        labels = codec.sigma.tolist()
    elif isinstance(codec, MSRAHeatmap | UDPHeatmap) and not is_combined(
        codec
    ):
        profiles = maps[0].amax(-2), maps[0].amax(-1)
        labels = [codec.sigma] * 2
    else:
        return None
    sigmas = torch.stack(
        [profile_sigmas(p, sigma) for p, sigma in zip(profiles, labels)], -1
    )
    return STRIDE * heatmap_frame(codec).student_sigmas(sigmas)
