"""Models made fast for predictions alone, in place."""

from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn.utils import fuse_conv_bn
from mmpose.models import TopdownPoseEstimator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..models.token_distilling_encoder import TokenDistillingEncoder
from .micro_batches import MicroBatches

__all__ = ['PointwiseLinear', 'deploy', 'fuse']


def deploy(
    model: TopdownPoseEstimator, for_export: bool = False
) -> TopdownPoseEstimator:
    """Prepare an estimator, in place, for predictions alone.

    Convolutions are fused with their normalization layers, and our encoder
    leaves out the visual tokens of its last layer, which no head reads. To run
    in PyTorch, channels are stored last and, on a CPU, linear layers run as
    convolutions and features are extracted in micro-batches. The model can no
    longer be trained; its predictions stay the same up to rounding.

    Args:
        model: A top-down estimator, ours or not.
        for_export: Whether the model is to be traced, exported or quantized,
            not run as it is: linear layers stay what they are, and a batch is
            not divided.

    Returns:
        The model.
    """
    fuse(model, for_export)
    neck = getattr(model, 'neck', None)
    if isinstance(neck, TokenDistillingEncoder):
        neck.keypoint_tokens_only = True
    if not for_export:
        model.extract_feat = MicroBatches(model)  # type: ignore[assignment]
    return model


def fuse(module: nn.Module, for_export: bool = False) -> nn.Module:
    """Fuse convolutions with what normalizes them; see ``deploy``."""
    _fuse_with_activations(module)
    fuse_conv_bn(module)
    # The identities in place of normalization layers are new, in training
    # mode.
    module.train(module.training)
    if for_export:
        return module
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                setattr(parent, name, PointwiseLinear.from_linear(child))
    return module.to(  # type: ignore[call-overload]
        memory_format=torch.channels_last
    )


def _fuse_with_activations(module: nn.Module) -> None:
    """Fuse convolutions with layers of timm that normalize and activate.

    For MMCV these are normalization layers alone, and it would drop their
    activation.
    """
    for parent in [*module.modules()]:
        before, conv = '', None
        for name, child in [*parent.named_children()]:
            activation: Any = getattr(child, 'act', None)
            if isinstance(child, _BatchNorm) and activation is not None:
                drop: Any = child.drop
                after = nn.Sequential(child)  # MMCV looks no deeper
                if conv is not None:
                    fused = fuse_conv_bn_eval(conv.eval(), child.eval())
                    setattr(parent, before, fused)
                    after = nn.Sequential(drop, activation)
                setattr(parent, name, after)
            conv = child if isinstance(child, nn.Conv2d) else None
            before = name


class PointwiseLinear(nn.Linear):
    """A linear layer that a CPU runs as a 1x1 convolution.

    PyTorch multiplies matrices by MKL and convolves by oneDNN. On a processor
    that MKL does not know (AMD's, with AVX-512), oneDNN is about twice as
    fast.
    """

    @classmethod
    def from_linear(cls, linear: nn.Linear) -> 'PointwiseLinear':
        """Make one of the same parameters, which both then share."""
        layer = cls(
            linear.in_features,
            linear.out_features,
            linear.bias is not None,
            device='meta',
        )
        layer.weight, layer.bias = linear.weight, linear.bias
        return layer.train(linear.training)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != 'cpu' or x.dtype != torch.float32 or not x.numel():
            return super().forward(x)
        image = x.reshape(1, 1, -1, self.in_features).permute(0, 3, 1, 2)
        weight = self.weight[..., None, None]
        out = F.conv2d(image, weight, self.bias).permute(0, 2, 3, 1)
        return out.reshape(*x.shape[:-1], self.out_features)
