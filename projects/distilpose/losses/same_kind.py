"""Terms for a student whose head gives what its teacher's head gives.

Logits are compared bin by bin, and heatmaps cell by cell. For any other pair
of heads, use ``TeacherLabelLoss``.

B: batch. K: keypoints. w, h: bins or cells along x and y.
"""

from typing import TypeVar

import torch
from mmpose.models.losses import KeypointMSELoss, KLDiscretLoss
from mmpose.registry import MODELS
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

from ..heatmaps.forms import DenseHeatmaps, Heatmaps, SimCCHeatmaps
from ..heatmaps.frame import HeatmapFrame
from ..heatmaps.functional import at_least_float32

__all__ = ['HeatmapDistillationLoss', 'RowDistillationLoss']

Maps = TypeVar('Maps', bound=Heatmaps)


@MODELS.register_module()
class RowDistillationLoss(nn.Module):
    """KL divergence between a teacher's rows and columns and a student's.

    With p = softmax(z_T / t) and q = softmax(z_S / t) of the logits z of the n
    bins of a row or a column, each times the ``beta`` of its head's loss,

    L = 1/K sum over B, K of m (KL(p || q) / n along x + the same along y),

    m the keypoint's weight. This is the logit-based distillation of DWPose
    (arXiv 2307.15880), reduced as MMPose's ``KLDiscretLoss`` reduces: the
    mean over bins, the sum over the batch. DWPose's own loss sums over bins
    and takes the mean over the batch, so that weights of its configs mean
    something else here.

    Both need SimCC heads with the same bins. Stored outputs of a teacher have
    no logits. A keypoint does not count if one of the teacher's logits is not
    finite.

    Args:
        loss_weight: Weight of the loss.
        temperature: t. 1 compares what the heads' own losses train.

    Raises:
        ValueError: ``temperature`` is not above 0.
    """

    needs = ('student.maps', 'teacher.maps', 'keypoint_weights')

    def __init__(
        self, loss_weight: float = 1.0, temperature: float = 1.0
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise UserValueError(
                f'RowDistillationLoss: temperature is {temperature}, expected '
                'a number above 0, such as 1.'
            )
        self.loss_weight = loss_weight
        self.divergence = KLDiscretLoss(
            beta=1 / temperature,
            label_softmax=True,
            label_beta=1 / temperature,
        )

    def forward(
        self, student: Heatmaps, teacher: Heatmaps, keypoint_weights: Tensor
    ) -> Tensor:
        """Compare logits.

        Args:
            student: The student's rows and columns.
            teacher: The teacher's, constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: One of them has no logits, or their bins differ.
        """
        what = (
            'logits of rows and columns',
            'a SimCC head, asked in each step rather than stored',
        )
        own = _expect_kind(self, 'student', student, SimCCHeatmaps, *what)
        other = _expect_kind(self, 'teacher', teacher, SimCCHeatmaps, *what)
        _expect_same_cells(self, own.frame, other.frame)
        x = _without_ignored(own.logits_x, other.logits_x, keypoint_weights)
        y = _without_ignored(own.logits_y, other.logits_y, keypoint_weights)
        return self.loss_weight * self.divergence(*zip(x, y), keypoint_weights)


@MODELS.register_module()
class HeatmapDistillationLoss(nn.Module):
    """Mean squared error between a teacher's heatmaps and a student's own.

    L = mean over B, K, h, w of m (S - T)², m the keypoint's weight, as
    MMPose's ``KeypointMSELoss``; both S and T are of height 1. It is what
    fast pose distillation (arXiv 1811.05419) trains with beside the labels.

    The student's head gives heatmaps, whose cells are those of the teacher's.
    A heatmap of the teacher does not count if it is not finite.

    Args:
        loss_weight: Weight of the loss.
    """

    needs = ('student.maps', 'teacher.maps', 'keypoint_weights')

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.error = KeypointMSELoss()

    def forward(
        self, student: Heatmaps, teacher: Heatmaps, keypoint_weights: Tensor
    ) -> Tensor:
        """Compare heatmaps.

        Args:
            student: The student's heatmaps.
            teacher: The teacher's, constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The student gives none, or their cells differ.
        """
        what = 'heatmaps of cells', 'a HeatmapHead or the like'
        own = _expect_kind(self, 'student', student, DenseHeatmaps, *what)
        _expect_same_cells(self, own.frame, teacher.frame)
        pair = _without_ignored(own.values, teacher.formed(), keypoint_weights)
        return self.loss_weight * self.error(*pair, keypoint_weights)


def _expect_kind(
    term: nn.Module,
    who: str,
    maps: Heatmaps,
    kind: type[Maps],
    what: str,
    given_by: str,
) -> Maps:
    if not isinstance(maps, kind):
        raise UserValueError(
            f'{type(term).__name__} compares {what}, which the {who} does not '
            f'give: that takes {given_by}. TeacherLabelLoss takes any head.'
        )
    return maps


def _expect_same_cells(
    term: nn.Module, student: HeatmapFrame, teacher: HeatmapFrame
) -> None:
    if student.has_cells_of(teacher):
        return

    def described(frame: HeatmapFrame) -> str:
        ends = [a + s for a, s in zip(frame.scale, frame.offset)]
        x, y, right, bottom = (f'{v:g}' for v in (*frame.offset, *ends))
        w, h = frame.size
        return f'{w} x {h}, the input from ({x}, {y}) to ({right}, {bottom})'

    raise UserValueError(
        f'{type(term).__name__} compares cell by cell, but the cells of '
        f'student and teacher differ: {described(student)}, against '
        f'{described(teacher)}. Choose a teacher with the input size and the '
        'codec of the student, or TeacherLabelLoss, which takes any.'
    )


def _without_ignored(
    student: Tensor, teacher: Tensor, weights: Tensor
) -> list[Tensor]:
    """Values (B, K, ...) of both, 0 for keypoints that do not count."""
    student, teacher = at_least_float32(student, teacher.detach())
    counts = (weights != 0) & teacher.flatten(2).isfinite().all(-1)
    counts = counts.view(*counts.shape, *[1] * (student.ndim - 2))
    return [torch.where(counts, x, 0.0) for x in (student, teacher)]
