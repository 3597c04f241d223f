"""What a teacher says about a batch, whatever its head gives.

The adapters of heads are in ``heads``. A head of another kind is added by
``heatmaps_of.register``, from any file.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

from functools import singledispatch
from typing import Any, NamedTuple

from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.forms import Heatmaps
from ..heatmaps.frame import HeatmapFrame
from ..models.token_distilling_encoder import Tokens

__all__ = ['TeacherOutput', 'heatmaps_of', 'tokens_of']


class TeacherOutput(NamedTuple):
    """What a teacher predicts; constants, without gradient.

    Attributes:
        maps: Its heatmaps, in the form that its head gives them.
        tokens: The tokens of its encoder, or None if it has none.
        known: Which of the K keypoints it predicts, (K,), 1 or 0, or None for
            all of them.
    """

    maps: Heatmaps
    tokens: Tokens | None = None
    known: Tensor | None = None

    @property
    def heatmaps(self) -> Tensor:
        """All cells of its heatmaps, (B, K, h, w), of height 1."""
        return self.maps.formed()

    @property
    def frame(self) -> HeatmapFrame:
        """Where coordinates lie on its heatmaps."""
        return self.maps.frame


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
        'Choose a teacher whose head gives heatmaps or SimCC profiles '
        '(docs/teachers.md lists them), or add an adapter by '
        'distilpose.teachers.output.heatmaps_of.register.'
    )


def tokens_of(feats: Any) -> Tokens | None:
    """The tokens among a model's features, if it has our encoder."""
    return feats if isinstance(feats, Tokens) else None
