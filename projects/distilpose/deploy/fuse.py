"""What makes a model fast where nothing is trained.

B: batch. H, W: input height and width, pixels.
"""

from typing import Callable, Iterable, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn.utils import fuse_conv_bn
from torch import Tensor, nn

from ..models.functional import is_recorded
from ..models.token_distilling_encoder import TokenDistillingEncoder

__all__ = [
    'PointwiseLinear',
    'deploy',
    'extract_in_parts',
    'fuse_and_reorder',
    'halves',
]

# Images that the CPU's caches hold, feature maps and all. Measured on 2 cores
# with 32 MiB of cache: a batch of 16 of DistilPose-S takes 1.2 times as long
# in one piece.
PART = 2


class PointwiseLinear(nn.Linear):
    """A linear layer that a CPU runs as a 1x1 convolution.

    PyTorch multiplies matrices by MKL and convolves by oneDNN. On a processor
    that MKL does not know (AMD's, with AVX-512), oneDNN is about twice as
    fast.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != 'cpu' or x.dtype != torch.float32 or not x.numel():
            return super().forward(x)
        image = x.reshape(1, 1, -1, self.in_features).permute(0, 3, 1, 2)
        weight = self.weight[..., None, None]
        out = F.conv2d(image, weight, self.bias).permute(0, 2, 3, 1)
        return out.reshape(*x.shape[:-1], self.out_features)


def deploy(model: nn.Module) -> nn.Module:
    """Prepare an estimator, in place, for predictions alone.

    It is fused and reordered, and its encoder, if it has ours, leaves out the
    visual tokens of the last layer.
    """
    fuse_and_reorder(model)
    neck = getattr(model, 'neck', None)
    if isinstance(neck, TokenDistillingEncoder):
        neck.switch_to_deploy()
    return model


def fuse_and_reorder(module: nn.Module) -> nn.Module:
    """Prepare a module for inference alone.

    Convolutions are fused with their norms, channels are stored last, linear
    layers are run as convolutions on a CPU. The module is changed in place and
    can no longer be trained; its outputs stay the same but for rounding.
    """
    fuse_conv_bn(module)
    for part in module.modules():
        if type(part) is nn.Linear:
            part.__class__ = PointwiseLinear
    module.train(module.training)  # so is what stands where norms stood
    return module.to(memory_format=torch.channels_last)


def extract_in_parts(
    extract_feat: Callable[[Tensor], Tuple[Tensor, ...]], inputs: Tensor
) -> Tuple[Tensor, ...]:
    """Extract features, on a CPU of a few images at a time.

    Args:
        extract_feat: Of a model in eval mode, so that images do not depend on
            each other.
        inputs: Normalized images (B, 3, H, W).

    Returns:
        What ``extract_feat`` gives for the whole batch.
    """
    if inputs.device.type != 'cpu' or is_recorded() or inputs.shape[0] <= PART:
        return extract_feat(inputs)
    parts = [extract_feat(part) for part in inputs.split(PART)]
    if isinstance(parts[0], Tensor):
        return torch.cat(parts)
    return _like(parts[0], map(torch.cat, zip(*parts)))


def halves(feats: Tuple[Tensor, ...]) -> Tuple[Tuple[Tensor, ...], ...]:
    """Split the features of two batches that were run as one."""
    return tuple(
        _like(feats, parts) for parts in zip(*(x.chunk(2) for x in feats))
    )


def _like(
    feats: Tuple[Tensor, ...], tensors: Iterable[Tensor]
) -> Tuple[Tensor, ...]:
    """A tuple, or named tuple, of the same kind with other tensors."""
    if hasattr(feats, '_make'):
        return feats._make(tensors)
    return tuple(tensors)
