"""The paper's distillation terms, each usable on its own with tensors.

A term is a registered module. Its ``needs`` lists its arguments, in order, as
paths into ``DistillationStep``, such as ``'student.coords'``.
``DistilPoseEstimator`` passes just these, so a term of your own needs no
change elsewhere. The paper's weights are the defaults of ``loss_weight``.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

from ..heatmaps.forms import DenseHeatmaps, Heatmaps
from ..heatmaps.frame import HeatmapFrame
from ..heatmaps.functional import at_least_float32

__all__ = [
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TokenDistillationLoss',
]

# The default terms of a distillation.
PAPER_TERMS: dict[str, dict | None] = dict(
    visual_tokens=dict(type='TokenDistillationLoss', tokens='visual'),
    keypoint_tokens=dict(type='TokenDistillationLoss', tokens='keypoint'),
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
    scores=dict(type='KeypointScoreLoss'),
)


@MODELS.register_module()
class TokenDistillationLoss(nn.Module):
    """Mean squared error between student and teacher tokens (Sec. 3.2).

    Teacher tokens that hold NaN or infinity count as equal to the student's.

    Args:
        loss_weight: Weight of the loss.
        tokens: ``'visual'`` or ``'keypoint'``: which tokens to compare as a
            term of a distillation. Not needed to call the loss with tensors.

    Raises:
        ValueError: ``tokens`` is something else.
    """

    def __init__(
        self, loss_weight: float = 5e-4, tokens: str | None = None
    ) -> None:
        super().__init__()
        if tokens not in ('visual', 'keypoint', None):
            raise UserValueError(
                f'TokenDistillationLoss: tokens is {tokens!r}, expected '
                "'visual' or 'keypoint'."
            )
        self.tokens = tokens
        self.loss_weight = loss_weight

    @property
    def needs(self) -> tuple[str, ...]:
        """What to compare.

        Raises:
            ValueError: ``tokens`` was left out, as in version 0.1.
        """
        if self.tokens is None:
            raise UserValueError(
                'TokenDistillationLoss does not say which tokens to compare. '
                "Add tokens='visual' or tokens='keypoint' to its config."
            )
        return f'student.tokens.{self.tokens}', f'teacher.tokens.{self.tokens}'

    def forward(
        self, student_tokens: Tensor, teacher_tokens: Tensor
    ) -> Tensor:
        """Compare tokens.

        Args:
            student_tokens: Tokens (B, N, D).
            teacher_tokens: Tokens (B, N, D); taken as constants.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The shapes differ.
        """
        _expect_shape(
            self, 'teacher_tokens', teacher_tokens, student_tokens.shape
        )
        student_tokens, teacher_tokens = at_least_float32(
            student_tokens, teacher_tokens.detach()
        )
        finite = teacher_tokens.isfinite().all(-1, keepdim=True)
        return self.loss_weight * F.mse_loss(
            student_tokens,
            torch.where(finite, teacher_tokens, student_tokens),
        )


@MODELS.register_module()
class SimulatedHeatmapLoss(nn.Module):
    """Squared error of simulated against teacher heatmaps (Sec. 3.3).

    L = mean over B, K, h, w of (m (G - T))², where G is the Gaussian that
    ``simulate_heatmaps`` would draw at the prediction, T the teacher's heatmap
    and m the keypoint's weight; a heatmap that holds NaN or infinity weighs
    nothing. It is computed in closed form, in float32 at least.

    Args:
        loss_weight: Weight of the loss.
    """

    needs = (
        'student.coords',
        'student.sigmas',
        'teacher.maps',
        'keypoint_weights',
    )

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self,
        coords: Tensor,
        sigmas: Tensor,
        teacher_heatmaps: Tensor | Heatmaps,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare predictions with the teacher's heatmaps.

        Args:
            coords: Coordinates (B, K, 2), fractions of the input.
            sigmas: Sigmas (B, K, 2), pixels of a heatmap at stride 4.
            teacher_heatmaps: Heatmaps of any form and frame, or a tensor
                (B, K, h, w) in the paper's frame; taken as constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The shapes do not agree.
        """
        maps = _as_maps(teacher_heatmaps)
        b, k, h, w = maps.shape
        _expect_shape(self, 'coords', coords, (b, k, 2))
        _expect_shape(self, 'sigmas', sigmas, (b, k, 2))
        _expect_shape(self, 'keypoint_weights', keypoint_weights, (b, k))
        # Autocast would run the matrix products in half precision.
        with torch.autocast(coords.device.type, enabled=False):
            error = maps.error(coords, sigmas)
        error = error * keypoint_weights.square() / (h * w)
        return self.loss_weight * error.mean()


@MODELS.register_module()
class KeypointScoreLoss(nn.Module):
    """L1 between predicted scores and the teacher's confidence (Sec. 3.3).

    L = mean over B, K of m |s - T(x̂, ŷ)|, but 0 where the teacher's value is
    NaN or infinity. Its confidence is the value T of its heatmap at the
    student's own prediction, taken as a constant. Rows and columns are read
    as if they had the paper's width.

    Args:
        loss_weight: Weight of the loss.
    """

    needs = (
        'student.scores',
        'student.coords',
        'teacher.maps',
        'keypoint_weights',
    )

    def __init__(self, loss_weight: float = 1e-2) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self,
        scores: Tensor,
        coords: Tensor,
        teacher_heatmaps: Tensor | Heatmaps,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare scores with the teacher's heatmaps at the predictions.

        Args:
            scores: Scores (B, K, 1).
            coords: As of ``SimulatedHeatmapLoss``, but taken as constants.
            teacher_heatmaps: As of ``SimulatedHeatmapLoss``.
            keypoint_weights: As of ``SimulatedHeatmapLoss``.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The shapes do not agree.
        """
        maps = _as_maps(teacher_heatmaps)
        b, k = maps.shape[:2]
        _expect_shape(self, 'scores', scores, (b, k, 1))
        _expect_shape(self, 'coords', coords, (b, k, 2))
        _expect_shape(self, 'keypoint_weights', keypoint_weights, (b, k))
        target = maps.read(coords.detach())
        target = torch.where(target.isfinite(), target, scores)
        error = (scores - target).abs().squeeze(-1) * keypoint_weights
        return self.loss_weight * error.mean()


def _as_maps(heatmaps: Tensor | Heatmaps) -> Heatmaps:
    if not isinstance(heatmaps, Tensor):
        return heatmaps
    h, w = heatmaps.shape[-2:]
    return DenseHeatmaps(HeatmapFrame.msra((w, h)), heatmaps.detach())


def _expect_shape(
    module: nn.Module, name: str, given: Tensor, expected: tuple
) -> None:
    if tuple(given.shape) != tuple(expected):
        raise UserValueError(
            f'{type(module).__name__}: {name} has the shape '
            f'{tuple(given.shape)}, expected {tuple(expected)} to agree with '
            'the other arguments. Student and teacher must share keypoints, '
            'input size and, for token distillation, encoder.'
        )
