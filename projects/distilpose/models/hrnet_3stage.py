"""The first three stages of HRNet, the backbone of DistilPose-L."""

from typing import Any

import torch
from mmpose.models.backbones import HRNet
from mmpose.registry import MODELS
from torch import Tensor, nn

__all__ = ['HRNet3Stage']


@MODELS.register_module()
class HRNet3Stage(HRNet):
    """HRNet without its fourth stage; gives its finest map alone.

    Its tensors carry HRNet's names, so that it can start from the backbone of
    any HRNet checkpoint.

    Args:
        extra: Config of the stages as for ``HRNet``, of which ``stage4``
            is not used and may be left out.
        **kwargs: As for ``HRNet``.
    """

    def __init__(self, extra: dict, **kwargs: Any) -> None:
        # One branch that no module follows is the finest map, as it is.
        nothing = dict(
            num_modules=0,
            num_branches=1,
            block='BASIC',
            num_blocks=(0,),
            num_channels=extra['stage3']['num_channels'][:1],
        )
        super().__init__({**extra, 'stage4': nothing}, **kwargs)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Turn images (B, 3, H, W) into one map (B, C, H / 4, W / 4)."""
        # The order in which oneDNN and tensor cores convolve fastest.
        return super().forward(x.contiguous(memory_format=torch.channels_last))

    def _make_stage(
        self,
        layer_config: dict,
        in_channels: list[int],
        multiscale_output: bool = True,
    ) -> tuple[nn.Sequential, list[int]]:
        # Stage 3, the one of three branches, is the last: it must not make
        # maps that nobody reads, for whose gradients DDP would wait.
        if layer_config['num_branches'] == 3:
            multiscale_output = False
        return super()._make_stage(
            layer_config, in_channels, multiscale_output
        )
