"""A head's own loss, for labels that a teacher gives.

B: batch. K: keypoints.
"""

from functools import singledispatch
from typing import Any, NamedTuple

import torch
from mmpose.models import heads
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

__all__ = ['HeadOutput', 'label_loss']

Labels = tuple[Tensor, ...]


class HeadOutput(NamedTuple):
    """What a head gave, and the head itself, which knows its loss."""

    head: nn.Module
    values: Any  # what its `forward` returned


@singledispatch
def label_loss(
    head: nn.Module, output: Any, labels: Labels, weights: Tensor
) -> Tensor:
    """Compute a head's own loss, a scalar, for labels that no sample holds.

    ``output`` is what its ``forward`` gave, ``labels`` what ``draw_labels``
    gave for its codec, and ``weights`` those of the keypoints, (B, K). A head
    of another kind is added by ``label_loss.register``.

    Raises:
        TypeError: There is none for this kind of head.
    """
    raise UserTypeError(
        f'TeacherLabelLoss does not know how {type(head).__name__} computes '
        'its loss. Leave TeacherLabelLoss out, or add the head by '
        'distilpose.heads.own_loss.label_loss.register.'
    )


@label_loss.register
def _(
    head: heads.HeatmapHead, output: Tensor, labels: Labels, weights: Tensor
) -> Tensor:
    return head.loss_module(output, *labels, weights)


@label_loss.register
def _(
    head: heads.RegressionHead, output: Tensor, labels: Labels, weights: Tensor
) -> Tensor:
    return head.loss_module(output, *labels, weights[..., None])


@label_loss.register(heads.SimCCHead)
@label_loss.register(heads.RTMCCHead)
@label_loss.register(heads.RTMWHead)
@label_loss.register(heads.DSNTHead)
def _(head: Any, output: Any, labels: Labels, weights: Tensor) -> Tensor:
    loss = head.loss_module([*output], [*labels], weights)
    return torch.stack(loss).sum() if isinstance(loss, list) else loss


@label_loss.register
def _(
    head: heads.RLEHead, output: Tensor, labels: Labels, weights: Tensor
) -> Tensor:
    coords, scales = output.split(2, dim=-1)
    return head.loss_module(coords, scales, *labels, weights[..., None])


@label_loss.register
def _(
    head: heads.IntegralRegressionHead,
    output: tuple[Tensor, Tensor],
    labels: Labels,
    weights: Tensor,
) -> Tensor:
    return head.loss_module(output[0], labels[0], weights)


@label_loss.register
def _(
    head: heads.CPMHead, output: list[Tensor], labels: Labels, weights: Tensor
) -> Tensor:
    losses = head.loss_module
    if not isinstance(losses, nn.ModuleList):
        losses = [losses] * len(output)
    return torch.stack(
        [loss(stage, *labels, weights) for loss, stage in zip(losses, output)]
    ).sum()


@label_loss.register
def _(
    head: heads.MSPNHead, output: list[Tensor], labels: Labels, weights: Tensor
) -> Tensor:
    """The loss of the last stage, whose labels the codec draws."""
    loss = head.loss_module
    if isinstance(loss, nn.ModuleList):
        loss = loss[-1]
    return loss(output[-1], *labels, weights)


@label_loss.register
def _(
    head: heads.VisPredictHead,
    output: tuple[Any, Tensor],
    labels: Labels,
    weights: Tensor,
) -> Tensor:
    """The wrapped head's loss: a teacher's peaks are no visibility."""
    return label_loss(head.pose_head, output[0], labels, weights)
