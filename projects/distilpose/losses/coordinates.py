"""A teacher's coordinates in the place of labels.

B: batch. K: keypoints.
"""

import torch
import torch.nn.functional as F
from mmpose.registry import MODELS
from torch import Tensor, nn

from ..heatmaps.forms import Heatmaps
from ..heatmaps.functional import at_least_float32

__all__ = ['TeacherCoordinateLoss']


@MODELS.register_module()
class TeacherCoordinateLoss(nn.Module):
    """Smooth L1 between the student's coordinates and the teacher's.

    L = mean over B, K and both axes of smooth_l1(m (x̂ - x_T)), with x_T where
    the teacher's heatmap peaks and m the keypoint's weight: the labels' loss
    as MMPose's SmoothL1Loss has it, with the teacher's prediction as label.
    People without labels need it:
    simulated heatmaps have no gradient as long as the student's Gaussian and
    the teacher's do not overlap.

    Args:
        loss_weight: Weight of the loss.
    """

    needs = ('student.coords', 'teacher.maps', 'keypoint_weights')

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self,
        coords: Tensor,
        teacher_heatmaps: Heatmaps,
        keypoint_weights: Tensor,
    ) -> Tensor:
        """Compare coordinates.

        Args:
            coords: Coordinates (B, K, 2), fractions of the input.
            teacher_heatmaps: The teacher's heatmaps, constants.
            keypoint_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar; 0 for a keypoint whose heatmap holds
            NaN or infinity.
        """
        coords, target = at_least_float32(
            coords, teacher_heatmaps.coords().detach()
        )
        known = teacher_heatmaps.peaks().isfinite()[..., None]
        target = torch.where(known & target.isfinite(), target, coords)
        weights = keypoint_weights[..., None]
        return self.loss_weight * F.smooth_l1_loss(
            coords * weights, target * weights
        )
