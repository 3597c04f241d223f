"""A student that is its own teacher.

B: batch. H, W: input height and width, pixels.
"""

from typing import Any

import torch.nn.functional as F
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.utils.typing import SampleList
from torch import Tensor

from distilpose_runtime.errors import UserTypeError

from ..losses.paper import TokenDistillationLoss
from ..models.token_distilling_encoder import TokenDistillingEncoder

__all__ = ['CyclePoseEstimator']


@MODELS.register_module()
class CyclePoseEstimator(TopdownPoseEstimator):
    """A top-down estimator whose encoder runs twice in training.

    The encoder's second pass works on the tokens of the first, as if it were
    twice as deep. Both passes are trained by the labels, and the tokens of the
    first imitate those of the second, each normalized to mean 0 and variance
    1: without that, both grow without end, as a second pass adds to what it
    was given. In testing there is one pass: the model
    is then the plain ``TopdownPoseEstimator`` of the same backbone, neck and
    head, and its checkpoints load into that. The idea is that of SDPose
    (arXiv 2404.03518), built after its description: its losses and weights
    may differ from those here.

    Args:
        *args: As for ``TopdownPoseEstimator``.
        token_weight: Weight of the mean squared error of the normalized
            tokens, of visual and of keypoint tokens each.
        **kwargs: As for ``TopdownPoseEstimator``.

    Raises:
        TypeError: The neck is no ``TokenDistillingEncoder``.
    """

    def __init__(
        self, *args: Any, token_weight: float = 1e-2, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        neck = getattr(self, 'neck', None)
        if not isinstance(neck, TokenDistillingEncoder):
            raise UserTypeError(
                'CyclePoseEstimator runs its encoder twice: it needs a '
                f'TokenDistillingEncoder as neck, but has a '
                f'{type(neck).__name__}. Change model.neck, or use '
                'TopdownPoseEstimator.'
            )
        self.token_loss = TokenDistillationLoss(token_weight)

    def loss(self, inputs: Tensor, data_samples: SampleList) -> dict:
        """Calculate the losses of both passes.

        Args:
            inputs: Normalized images (B, 3, H, W).
            data_samples: The batch's data samples, with labels.

        Returns:
            The head's own losses for the first pass; those for the second,
            as ``loss_cycle_<name>``; and what the first learns of the second,
            ``loss_visual_tokens`` and ``loss_keypoint_tokens``.
        """
        feats = self.backbone(inputs)
        first = self.neck(feats)
        second = self.neck.encode_again(first, feats)
        passes = first, second
        losses, again = (
            self.head.loss(tokens, data_samples, train_cfg=self.train_cfg)
            for tokens in passes
        )
        losses.update(
            (name.replace('loss_', 'loss_cycle_', 1), value)
            for name, value in again.items()
            if name.startswith('loss_')
        )
        for name in first._fields:
            losses[f'loss_{name}_tokens'] = self.token_loss(
                *(_normalized(getattr(tokens, name)) for tokens in passes)
            )
        return losses


def _normalized(tokens: Tensor) -> Tensor:
    return F.layer_norm(tokens, tokens.shape[-1:])
