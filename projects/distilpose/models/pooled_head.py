"""A head on pooled features: no encoder, and so no tokens.

B: batch. K: keypoints. C: channels. h, w: height and width of a feature map.
"""

from collections.abc import Sequence

from mmpose.registry import MODELS
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

from .distilpose_head import DistilPoseHead

__all__ = ['PooledDistilPoseHead']


@MODELS.register_module()
class PooledDistilPoseHead(DistilPoseHead):
    """One layer turns the mean of a feature map into 5 numbers a keypoint.

    The cheapest student: any backbone, global average pooling, and a linear
    layer. What the numbers mean and how they are trained is as in
    ``DistilPoseHead``.

    Args:
        in_channels: Channels C of the feature map.
        num_joints: Number of keypoints K.

    All other arguments are those of ``DistilPoseHead``.
    """

    def _build_layers(self) -> None:
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.in_channels, self.num_joints * 5)

    def _numbers(self, feats: Sequence[Tensor]) -> Tensor:
        feature = feats[-1]
        if feature.ndim != 4 or feature.shape[1] != self.in_channels:
            raise UserValueError(
                'PooledDistilPoseHead: built for feature maps (B, '
                f'{self.in_channels}, h, w), but the backbone gives '
                f'{tuple(feature.shape)}. Set head.in_channels to the '
                "backbone's, and leave out the neck: this head pools itself."
            )
        pooled = self.pool(feature).flatten(1)
        return self.fc(pooled).unflatten(1, (self.num_joints, 5))
