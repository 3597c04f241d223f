"""A teacher's keypoints in the place of labels, for any kind of head.

B: batch. K: keypoints.
"""

from functools import singledispatch
from typing import Any, NamedTuple

import torch
from mmpose.models.heads import (
    CPMHead,
    DSNTHead,
    HeatmapHead,
    IntegralRegressionHead,
    MSPNHead,
    RegressionHead,
    RLEHead,
    RTMCCHead,
    RTMWHead,
    SimCCHead,
    VisPredictHead,
)
from mmpose.models.losses import KeypointMSELoss
from mmpose.registry import MODELS
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError, UserValueError

from ..heatmaps.forms import TeacherHeatmaps
from ..heatmaps.frame import codec_of
from ..heatmaps.functional import at_least_float32
from ..heatmaps.labels import draw_labels

__all__ = ['HeadOutput', 'TeacherLabelLoss', 'label_loss']


class HeadOutput(NamedTuple):
    """What a head gave, and the head itself, which knows its loss.

    Attributes:
        head: The head.
        values: What its ``forward`` returned.
    """

    head: nn.Module
    values: Any


@MODELS.register_module()
class TeacherLabelLoss(nn.Module):
    """The head's own loss, with the teacher's keypoints as labels.

    Labels are drawn by the head's own codec where the teacher's heatmaps
    peak, so that it works for every kind of head and of teacher, and on people
    without labels. A keypoint counts as much as its weight, and not at all
    where the teacher is unsure of it or finds it outside the input.

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
        if not 0 <= min_confidence < 1:
            raise UserValueError(
                f'TeacherLabelLoss: min_confidence is {min_confidence}, '
                "expected a teacher's confidence from 0 to below 1, such as "
                '0.3.'
            )
        self.loss_weight = loss_weight
        self.min_confidence = min_confidence

    def forward(
        self,
        given: HeadOutput,
        maps: TeacherHeatmaps,
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
            TypeError: The head's loss or codec is of another kind.
            ValueError: The head's loss ignores weights.
        """
        (coords,) = at_least_float32(maps.coords().detach())
        inside = ((coords >= 0) & (coords <= 1)).all(-1)  # not of NaN, either
        sure = maps.peaks() >= self.min_confidence
        weights = keypoint_weights * (inside & sure)
        labels = draw_labels(
            codec_of(given.head), torch.where(inside[..., None], coords, 0.5)
        )
        loss = label_loss(given.head, given.values, labels, weights)
        return self.loss_weight * loss


@singledispatch
def label_loss(
    head: nn.Module, output: Any, labels: tuple[Tensor, ...], weights: Tensor
) -> Tensor:
    """Compute a head's own loss for labels that no data sample holds.

    A head of another kind is added by ``label_loss.register``.

    Args:
        head: The head.
        output: What its ``forward`` gave.
        labels: What ``draw_labels`` gave for its codec.
        weights: Weights of the keypoints (B, K).

    Returns:
        The loss, a scalar.

    Raises:
        TypeError: There is none for this kind of head.
        ValueError: The head's loss ignores weights.
    """
    raise UserTypeError(
        f'It is not known how {type(head).__name__} computes its loss, which '
        "a teacher's keypoints are to go through. Leave TeacherLabelLoss out, "
        'or add the head by '
        'distilpose.losses.teacher_labels.label_loss.register.'
    )


@label_loss.register
def _(
    head: HeatmapHead,
    output: Tensor,
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    return weighted_loss(head)(output, *labels, weights)


@label_loss.register
def _(
    head: RegressionHead,
    output: Tensor,
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    return weighted_loss(head)(output, *labels, weights[..., None])


@label_loss.register(SimCCHead)
@label_loss.register(RTMCCHead)
@label_loss.register(RTMWHead)
@label_loss.register(DSNTHead)
def _(
    head: Any, output: Any, labels: tuple[Tensor, ...], weights: Tensor
) -> Tensor:
    loss = weighted_loss(head)([*output], [*labels], weights)
    return torch.stack(loss).sum() if isinstance(loss, list) else loss


@label_loss.register
def _(
    head: RLEHead, output: Tensor, labels: tuple[Tensor, ...], weights: Tensor
) -> Tensor:
    coords, scales = output.split(2, dim=-1)
    return weighted_loss(head)(coords, scales, *labels, weights[..., None])


@label_loss.register
def _(
    head: IntegralRegressionHead,
    output: tuple[Tensor, Tensor],
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    return weighted_loss(head)(output[0], labels[0], weights)


@label_loss.register
def _(
    head: CPMHead,
    output: list[Tensor],
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    losses = weighted_loss(head)
    if not isinstance(losses, nn.ModuleList):
        losses = [losses] * len(output)
    return torch.stack(
        [loss(stage, *labels, weights) for loss, stage in zip(losses, output)]
    ).sum()


@label_loss.register
def _(
    head: MSPNHead,
    output: list[Tensor],
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    """Of the last stage, which is decoded: the codec is that of its labels."""
    loss = weighted_loss(head)
    if isinstance(loss, nn.ModuleList):
        loss = loss[-1]
    return loss(output[-1], *labels, weights)


@label_loss.register
def _(
    head: VisPredictHead,
    output: tuple[Any, Tensor],
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    """Of the head that it wraps: a teacher's peaks are no visibility."""
    return label_loss(head.pose_head, output[0], labels, weights)


def weighted_loss(head: Any) -> Any:
    """A head's loss, which must weigh keypoints.

    Raises:
        ValueError: It does not: keypoints that the teacher is unsure of would
            count.
    """
    for loss in head.loss_module.modules():
        # KeypointMSELoss weighs whatever this setting says.
        if not getattr(loss, 'use_target_weight', True) and not isinstance(
            loss, KeypointMSELoss
        ):
            raise UserValueError(
                f'The {type(loss).__name__} of the {type(head).__name__} '
                "ignores the keypoints' weights, and would learn keypoints "
                'that the teacher does not know. Set '
                'model.head.loss.use_target_weight=True.'
            )
    return head.loss_module
