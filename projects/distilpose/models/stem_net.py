"""The stem of HRNet as a backbone of its own, the one of DistilPose-S.

B, H, W: batch, input height and width in pixels. C: output channels.
"""

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmpose.models.backbones.resnet import Bottleneck, ResLayer
from mmpose.registry import MODELS
from mmpose.utils.typing import ConfigType, OptMultiConfig
from torch import Tensor, nn

__all__ = ['StemNet']


@MODELS.register_module()
class StemNet(BaseModule):
    """Two strided 3x3 convolutions and one layer of bottlenecks.

    This is the part of HRNet in front of its first transition, and its
    tensors carry HRNet's names, so that the stem of any HRNet checkpoint can
    be loaded into it.

    Args:
        in_channels: Channels of the input image.
        stem_channels: Channels of the two strided convolutions.
        out_channels: Channels C of the output, a multiple of 4.
        num_blocks: Number of bottlenecks.
        norm_cfg: Config of the norm layers.
        init_cfg: Initialization config. Defaults to HRNet's.
    """

    def __init__(
        self,
        in_channels: int = 3,
        stem_channels: int = 64,
        out_channels: int = 256,
        num_blocks: int = 4,
        norm_cfg: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            init_cfg=init_cfg
            or [
                dict(type='Normal', std=0.001, layer=['Conv2d']),
                dict(type='Constant', val=1, layer=['_BatchNorm']),
            ]
        )
        norm_cfg = norm_cfg or dict(type='BN')
        self.conv1, self.bn1 = _strided(in_channels, stem_channels, norm_cfg)
        self.conv2, self.bn2 = _strided(stem_channels, stem_channels, norm_cfg)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = ResLayer(
            Bottleneck,
            num_blocks,
            in_channels=stem_channels,
            out_channels=out_channels,
            norm_cfg=norm_cfg,
        )

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Turn images (B, 3, H, W) into one map (B, C, H / 4, W / 4)."""
        # The order in which oneDNN and tensor cores convolve fastest.
        x = x.contiguous(memory_format=torch.channels_last)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return (self.layer1(x),)


def _strided(
    in_channels: int, out_channels: int, norm_cfg: ConfigType
) -> tuple[nn.Conv2d, nn.Module]:
    """Build a 3x3 convolution of stride 2 and its norm layer."""
    conv = nn.Conv2d(in_channels, out_channels, 3, 2, padding=1, bias=False)
    return conv, build_norm_layer(norm_cfg, out_channels)[1]
