"""The distillation losses, each usable on its own.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

from typing import List

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..models.functional import read_heatmaps, simulated_heatmap_error

__all__ = [
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TokenDistillationLoss',
]


@MODELS.register_module()
class TokenDistillationLoss(nn.Module):
    """Mean squared error between student and teacher tokens (Sec. 3.2).

    Teacher tokens that hold NaN or infinity count as equal to the student's.

    Args:
        loss_weight: Weight of the loss; 5e-4 in the paper.
    """

    def __init__(self, loss_weight: float = 5e-4) -> None:
        super().__init__()
        self.loss_weight = loss_weight

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
        student_tokens, teacher_tokens = _at_least_float32(
            student_tokens, teacher_tokens.detach()
        )
        sound = teacher_tokens.isfinite().all(-1, keepdim=True)
        return self.loss_weight * F.mse_loss(
            student_tokens,
            torch.where(sound, teacher_tokens, student_tokens),
        )


@MODELS.register_module()
class SimulatedHeatmapLoss(nn.Module):
    """Squared error of simulated against teacher heatmaps (Sec. 3.3).

    L = mean over B, K, h, w of (m (G - T))², where G is the Gaussian that
    :func:`~distilpose.models.functional.simulate_heatmaps` would draw at the
    prediction, T the teacher's heatmap and m the keypoint's weight; a heatmap
    that holds NaN or infinity weighs nothing. It is computed in closed form,
    in float32 at least, without drawing G.

    Args:
        loss_weight: Weight of the loss; 1 in the paper.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self,
        coords: Tensor,
        sigmas: Tensor,
        teacher_heatmaps: Tensor,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare predictions with the teacher's heatmaps.

        Args:
            coords: Coordinates (B, K, 2), fractions of the input.
            sigmas: Sigmas (B, K, 2), heatmap pixels.
            teacher_heatmaps: Heatmaps (B, K, h, w); taken as constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The shapes do not agree.
        """
        b, k, h, w = teacher_heatmaps.shape
        _expect_shape(self, 'coords', coords, (b, k, 2))
        _expect_shape(self, 'sigmas', sigmas, (b, k, 2))
        _expect_shape(self, 'keypoint_weights', keypoint_weights, (b, k))
        # Autocast would run the matrix products in half precision.
        with torch.autocast(coords.device.type, enabled=False):
            error = simulated_heatmap_error(
                *_at_least_float32(coords, sigmas, teacher_heatmaps.detach())
            )
        error = error * keypoint_weights.square() / (h * w)
        return self.loss_weight * error.mean()


@MODELS.register_module()
class KeypointScoreLoss(nn.Module):
    """L1 between predicted scores and the teacher's confidence (Sec. 3.3).

    The teacher's confidence is its heatmap read at the student's own
    prediction, a constant. L = mean over B, K of m |s - T(x̂, ŷ)|, but 0
    where the teacher's value is NaN or infinity.

    Args:
        loss_weight: Weight of the loss; 1e-2 in the paper.
    """

    def __init__(self, loss_weight: float = 1e-2) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self,
        scores: Tensor,
        coords: Tensor,
        teacher_heatmaps: Tensor,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare scores with the teacher's heatmaps at the predictions.

        Args:
            scores: Scores (B, K, 1).
            coords: Coordinates (B, K, 2), fractions of the input; taken as
                constants.
            teacher_heatmaps: Heatmaps (B, K, h, w); taken as constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.

        Raises:
            ValueError: The shapes do not agree.
        """
        b, k = teacher_heatmaps.shape[:2]
        _expect_shape(self, 'scores', scores, (b, k, 1))
        _expect_shape(self, 'coords', coords, (b, k, 2))
        _expect_shape(self, 'keypoint_weights', keypoint_weights, (b, k))
        target = read_heatmaps(teacher_heatmaps.detach(), coords.detach())
        target = torch.where(target.isfinite(), target, scores)
        error = (scores - target).abs().squeeze(-1) * keypoint_weights
        return self.loss_weight * error.mean()


def _at_least_float32(*tensors: Tensor) -> List[Tensor]:
    """Bring tensors to one type: the widest of theirs and float32."""
    dtype = torch.float32
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return [tensor.to(dtype) for tensor in tensors]


def _expect_shape(
    module: nn.Module, name: str, given: Tensor, expected: tuple
) -> None:
    if tuple(given.shape) != tuple(expected):
        raise ValueError(
            f'{type(module).__name__}: {name} has the shape '
            f'{tuple(given.shape)}, expected {tuple(expected)} to agree with '
            'the other arguments. Student and teacher must share keypoints, '
            'input size and, for token distillation, encoder.'
        )
