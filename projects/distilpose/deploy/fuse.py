"""Models made fast for predictions alone, in place."""

import copy
import math
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn.utils import fuse_conv_bn
from mmengine.logging import MMLogger
from mmpose.models import TopdownPoseEstimator
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.utils._pytree import tree_flatten

from ..models.input_spec import InputSpec
from ..models.token_distilling_encoder import TokenDistillingEncoder
from .micro_batches import MicroBatches

__all__ = ['PointwiseLinear', 'deploy', 'fuse']

# Rounding changes outputs by 1e-6 of the largest; a wrong pair by more than 1.
TOLERANCE = 1e-4


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
        for_export: Whether the model will be traced, exported or quantized.
            Linear layers then stay linear layers, and a batch is not divided.

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
    """Fuse convolutions with their normalization layers; see ``deploy``.

    A module that would give something else afterwards is left unfused, and
    the log says so.
    """
    training = module.training
    _fuse_if_equal(module.eval())
    # Identities in place of normalization layers are new, in training mode.
    module.train(training)
    if for_export:
        return module
    for parent in module.modules():
        for name, child in parent.named_children():
            if type(child) is nn.Linear:
                setattr(parent, name, PointwiseLinear.from_linear(child))
    return module.to(  # type: ignore[call-overload]
        memory_format=torch.channels_last
    )


@torch.no_grad()
def _fuse_if_equal(module: nn.Module) -> None:
    """Fuse a module in place if it then gives the same for noise.

    MMCV pairs a normalization layer with the last convolution before it,
    whatever lies between.
    """
    if not any(isinstance(part, _BatchNorm) for part in module.modules()):
        return
    fused = copy.deepcopy(module)
    _fuse_with_activations(fused)
    fuse_conv_bn(fused)
    try:
        before, after = _outputs(module), _outputs(fused.eval())
        difference = max(
            float((a - b).abs().max() / a.abs().max().clamp(min=1e-6))
            for a, b in zip(before, after)
        )
        reason = f'the result would differ by {difference:.2g}'
    except Exception as error:  # of a network that wants other images
        difference, reason = math.inf, f'one image cannot be tried: {error}'
    if difference <= TOLERANCE:
        for name, child in fused.named_children():
            setattr(module, name, child)
        return
    MMLogger.get_current_instance().warning(
        '%s is not fused with its normalization layers (%s). It is slower, '
        'and predicts the same.',
        type(module).__name__,
        reason.splitlines()[0],
    )


def _outputs(module: nn.Module) -> list[Tensor]:
    """What a module gives for one image of noise, as large as it takes."""
    first = next(x for x in module.modules() if isinstance(x, nn.Conv2d))
    estimator = isinstance(module, TopdownPoseEstimator)
    size = InputSpec.of_model(module).size if estimator else None
    width, height = size or (192, 256)
    noise = torch.randn(
        *(1, first.in_channels, height, width),
        generator=torch.Generator().manual_seed(0),
    )
    image = noise.to(first.weight)
    given = (image, None, 'tensor') if estimator else (image,)
    values, _ = tree_flatten(module(*given))
    return [value for value in values if isinstance(value, Tensor)]


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
        """Make a layer that shares the parameters of a linear layer."""
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
