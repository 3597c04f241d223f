"""The part of a head's output that its codec decodes: rows or heatmaps.

B: batch. K: keypoints. h, w: height and width of a heatmap, or bins along y
and x.
"""

from functools import singledispatch
from typing import Any

from mmpose.models import heads
from torch import Tensor, nn

__all__ = ['Maps', 'maps_given']

Maps = tuple[Tensor, ...]


@singledispatch
def maps_given(head: nn.Module, output: Any) -> Maps:
    """Return what a head's codec decodes; () for other heads.

    Rows (B, K, w) and columns (B, K, h) of a SimCC head, heatmaps
    (B, K, h, w), or three for each keypoint (B, 3 K, h, w), of others.
    """
    return ()


@maps_given.register
def _(head: heads.HeatmapHead, output: Tensor) -> Maps:
    return (output,)


@maps_given.register(heads.CPMHead)  # hourglass networks have it, too
@maps_given.register(heads.MSPNHead)  # and RSN
def _(head: nn.Module, output: list[Tensor]) -> Maps:
    """The heatmaps of the last stage and unit."""
    return (output[-1],)


@maps_given.register(heads.SimCCHead)
@maps_given.register(heads.RTMCCHead)
@maps_given.register(heads.RTMWHead)
def _(head: nn.Module, output: tuple[Tensor, Tensor]) -> Maps:
    return tuple(output)
