"""Parameters and multiply-accumulate operations of a model."""

from typing import NamedTuple

import torch
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import input_size

__all__ = ['Complexity', 'measure_complexity']

# Batched products of two activations: QK^T and AV. Layers multiply by a
# weight, which is another operator.
ATTENTION = ('bmm', 'baddbmm')


class Complexity(NamedTuple):
    """What a model costs.

    Attributes:
        size: Width and height of the input, pixels.
        trainable: Number of trainable parameters.
        parameters: Number of parameters.
        layer_macs: Multiply-accumulates of convolutions and linear layers for
            one image, as the paper counts (its GFLOPs).
        attention_macs: Those of attention products, QK^T and AV.
    """

    size: tuple
    trainable: int
    parameters: int
    layer_macs: int
    attention_macs: int


def measure_complexity(config: Config) -> Complexity:
    """Count a model's parameters and operations, without computing them.

    Operations are counted as they are called, so that the counts hold for any
    model; normalization layers, activations and interpolations count nothing.

    Args:
        config: Config of a top-down estimator, of this project or not.
    """
    model = build_without_weights(config).to('meta')
    w, h = input_size(config)
    images = torch.zeros(1, 3, h, w, device='meta')
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(images, None, mode='tensor')
    counts = {
        operator.__name__.split('.')[0]: flops // 2
        for operator, flops in counter.get_flop_counts()['Global'].items()
    }
    attention = sum(counts.get(name, 0) for name in ATTENTION)
    numbers = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return Complexity(
        size=(w, h),
        trainable=sum(n for n, trainable in numbers if trainable),
        parameters=sum(n for n, _ in numbers),
        layer_macs=sum(counts.values()) - attention,
        attention_macs=attention,
    )
