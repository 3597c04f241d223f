"""What a teacher predicts for a batch, whatever its head gives.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

from typing import Any, NamedTuple

from torch import Tensor

from ..heatmaps.forms import Heatmaps
from ..heatmaps.frame import HeatmapFrame
from ..models.token_distilling_encoder import Tokens

__all__ = ['TeacherOutput', 'tokens_of']


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


def tokens_of(feats: Any) -> Tokens | None:
    """The tokens among a model's features, if it has our encoder."""
    return feats if isinstance(feats, Tokens) else None
