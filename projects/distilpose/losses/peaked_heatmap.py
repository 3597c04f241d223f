"""The heatmap loss of teachers that have little data.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

import torch
import torch.nn.functional as F
from mmpose.models.losses import KeypointMSELoss
from mmpose.registry import MODELS
from torch import Tensor

__all__ = ['PeakedHeatmapLoss']


@MODELS.register_module()
class PeakedHeatmapLoss(KeypointMSELoss):
    """A heatmap loss for teachers on little data.

    With the plain MSE, such teachers stay for long on a plateau where every
    heatmap is the same, because nearly all cells of a target are zero. This
    loss makes two changes:

    - The squared error of a cell weighs 1 where the target T is 0 and
      ``foreground_weight`` where it is 1.
    - The Kullback-Leibler divergence of softmax(c H) from softmax(c T) over
      the cells is added, with c the ``sharpness``. It is 0 where H equals T.

    Both are smallest where the heatmap H equals T. A teacher that is sure of a
    keypoint still learns a Gaussian of height 1, which is what simulated
    heatmaps imitate.

    Args:
        foreground_weight: Weight of a cell at a keypoint.
        cross_entropy_weight: Weight of the cross entropy.
        sharpness: Factor c of the heatmaps within the softmax.
        use_target_weight: Whether to weight by visibility.
        loss_weight: Weight of the loss.
    """

    def __init__(
        self,
        foreground_weight: float = 20.0,
        cross_entropy_weight: float = 0.1,
        sharpness: float = 10.0,
        use_target_weight: bool = True,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(
            use_target_weight=use_target_weight, loss_weight=loss_weight
        )
        self.foreground_weight = foreground_weight
        self.cross_entropy_weight = cross_entropy_weight
        self.sharpness = sharpness

    def forward(
        self,
        output: Tensor,
        target: Tensor,
        target_weights: Tensor,
    ) -> Tensor:
        """Compare heatmaps.

        Args:
            output: Predicted heatmaps H (B, K, h, w).
            target: Target heatmaps T (B, K, h, w).
            target_weights: Weights (B, K), 0 for keypoints to ignore.

        Returns:
            The weighted loss, a scalar.
        """
        if not self.use_target_weight:
            target_weights = torch.ones_like(target_weights)
        # NaN times a weight of 0 is NaN.
        target = torch.where(target_weights[..., None, None] > 0, target, 0.0)
        foreground = 1 + (self.foreground_weight - 1) * target
        squared = super().forward(output, target, target_weights, foreground)
        divergence = F.kl_div(
            (self.sharpness * output).flatten(2).log_softmax(-1),
            (self.sharpness * target).flatten(2).log_softmax(-1),
            reduction='none',
            log_target=True,
        ).sum(-1)
        weight = self.loss_weight * self.cross_entropy_weight
        return squared + weight * (divergence * target_weights).mean()
