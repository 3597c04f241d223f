"""Heatmaps from what any kind of head gives.

The adapters of MMPose's heads stand beside this file. A head of another kind
is added by ``heatmaps_of.register``, from any file.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

from functools import singledispatch
from typing import Any

from torch import nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.forms import Heatmaps

__all__ = ['expect_adapter', 'heatmaps_of']


@singledispatch
def heatmaps_of(head: nn.Module, output: Any) -> Heatmaps:
    """Turn what a head gives into heatmaps of height 1, in their frame.

    Raises:
        TypeError: There is no adapter for this kind of head, or it gives
            something else.
        ValueError: It gives heatmaps of another size than its codec says.
    """
    raise UserTypeError(
        f'{type(head).__name__} cannot be the head of a teacher: it is not '
        'known how to turn what it gives into one heatmap for each keypoint. '
        'Choose a model whose head gives heatmaps or SimCC profiles '
        '(docs/teachers.md lists them), or add an adapter by '
        'distilpose.heads.heatmaps.heatmaps_of.register.'
    )


def expect_adapter(adapter: Any, head: nn.Module) -> None:
    """Raise the error of an adapter that does not know a head.

    Raises:
        TypeError: There is no adapter for this kind of head.
    """
    if adapter.dispatch(type(head)) is adapter.dispatch(object):
        adapter(head, None)
