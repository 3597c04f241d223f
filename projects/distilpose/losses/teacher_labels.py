"""A teacher's keypoints in the place of labels, for any kind of head.

B: batch. K: keypoints.
"""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from distilpose_runtime.errors import UserValueError

from ..heads.own_loss import HeadOutput, label_loss
from ..heatmaps.forms import Heatmaps
from ..heatmaps.frame import codec_of
from ..heatmaps.functional import at_least_float32
from ..heatmaps.labels import draw_labels

__all__ = ['TeacherLabelLoss']


# The second name is that of version 0.2, for heads of coordinates.
@MODELS.register_module(name=['TeacherLabelLoss', 'TeacherCoordinateLoss'])
class TeacherLabelLoss(nn.Module):
    """The head's own loss, with the teacher's keypoints as labels.

    The head's own codec draws the labels where the teacher's heatmaps peak.
    So this works for every kind of head and of teacher, and on people without
    labels. A keypoint counts as much as its weight. It does not count if the
    teacher is unsure of it or finds it outside the input.

    Args:
        loss_weight: Weight of the loss, beside the head's own on true labels.
        min_confidence: A keypoint whose heatmap peaks lower does not count,
            from 0 to below 1.

    Raises:
        ValueError: ``min_confidence`` is not in [0, 1).
    """

    needs = ('student.given', 'teacher.maps', 'keypoint_weights')

    def __init__(
        self, loss_weight: float = 1.0, min_confidence: float = 0.3
    ) -> None:
        super().__init__()
        expect_confidence('TeacherLabelLoss: min_confidence', min_confidence)
        self.loss_weight = loss_weight
        self.min_confidence = min_confidence

    def forward(
        self,
        given: HeadOutput,
        maps: Heatmaps,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare what the head gave with the teacher's keypoints.

        Args:
            given: The student's head and what it gave.
            maps: The teacher's heatmaps, constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            TypeError: The head or its codec is of another kind.
        """
        (coords,) = at_least_float32(maps.coords().detach())
        inside = ((coords >= 0) & (coords <= 1)).all(-1)  # not of NaN, either
        sure = maps.peaks() >= self.min_confidence
        weights = keypoint_weights * (inside & sure)
        labels = draw_labels(
            codec_of(given.head), torch.where(inside[..., None], coords, 0.5)
        )
        values = tree_map_only(
            Tensor, lambda x: _constant_where(weights == 0, x), given.values
        )
        loss = label_loss(given.head, values, labels, weights)
        return self.loss_weight * loss


def expect_confidence(name: str, given: float) -> None:
    """Refuse a least confidence that is not in [0, 1).

    Raises:
        ValueError: It is not.
    """
    if not 0 <= given < 1:
        raise UserValueError(
            f"{name} is {given}, expected a teacher's confidence from 0 to "
            'below 1, such as 0.3.'
        )


def _constant_where(ignored: Tensor, output: Tensor) -> Tensor:
    """Let no gradient through where keypoints (B, K) are ignored.

    The output is (B, K, ...), or has several entries for each keypoint. Not
    every loss weighs keypoints, and the gradient of MMPose's JSDiscretLoss is
    NaN where the weight is 0.
    """
    ignored = ignored.repeat_interleave(
        output.shape[1] // ignored.shape[1], dim=1
    )
    ignored = ignored.view(*ignored.shape, *[1] * (output.ndim - 2))
    return torch.where(ignored, output.detach(), output)
