"""The heatmap head of the teacher.

B: batch. K: keypoints. D: token width. h, w: heatmap height and width.
"""

from collections.abc import Sequence

import torch
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptConfigType, OptMultiConfig
from torch import Tensor, nn

from .token_distilling_encoder import INIT_CFG, take_keypoint_tokens

__all__ = ['TokenPoseHead']


@MODELS.register_module()
class TokenPoseHead(HeatmapHead):
    """One MLP turns every keypoint token into a heatmap (TokenPose).

    Only the forward pass differs from MMPose's ``HeatmapHead``; loss,
    flip test and decoding are its own.

    Args:
        in_channels: Token width D.
        out_channels: Number of keypoints K.
        heatmap_size: Size (w, h) of the heatmaps, as in MMPose's codecs.
        hidden_channels: Width of the hidden layer, or None for none.
        loss: Config of the heatmap loss. Defaults to ``KeypointMSELoss``
            weighted by visibility.
        decoder: Config of the codec.
        init_cfg: Initialization config.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heatmap_size: tuple[int, int],
        hidden_channels: int | None = 384,
        loss: ConfigType | None = None,
        decoder: OptConfigType = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            deconv_out_channels=None,
            final_layer=None,
            loss=loss or dict(type='KeypointMSELoss', use_target_weight=True),
            decoder=decoder,
            init_cfg=init_cfg,
        )
        self.heatmap_size = tuple(heatmap_size)
        cells = heatmap_size[0] * heatmap_size[1]
        layers, width = [], in_channels
        if hidden_channels is not None:
            layers = [nn.LayerNorm(width), nn.Linear(width, hidden_channels)]
            width = hidden_channels
        layers += [nn.LayerNorm(width), nn.Linear(width, cells)]
        self.mlp = nn.Sequential(*layers)

    @property
    def default_init_cfg(self) -> list:
        return INIT_CFG

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Turn tokens into heatmaps.

        Args:
            feats: Tokens, the last of which are the keypoint tokens
                (B, K, D).

        Returns:
            Heatmaps (B, K, h, w).

        Raises:
            ValueError: There are not K keypoint tokens of width D.
        """
        tokens = take_keypoint_tokens(
            self, feats, self.out_channels, self.in_channels
        )
        w, h = self.heatmap_size
        heatmaps = self.mlp(tokens).unflatten(-1, (h, w))
        # MMPose computes accuracy and decodes by NumPy, without bfloat16.
        if heatmaps.dtype == torch.bfloat16:
            heatmaps = heatmaps.float()
        return heatmaps
