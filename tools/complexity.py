"""Parameters and GMACs of models, as a Markdown table.

    python tools/complexity.py CONFIG...

CONFIG is a file or a name, of our configs or MMPose's.
"""

import argparse
import sys
from typing import NamedTuple

import torch
from mmengine.config import Config
from tabulate import tabulate
from torch.utils.flop_counter import FlopCounterMode

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config, input_size

# Batched products of two activations: QK^T and AV. Layers multiply by a
# weight, which is another operator.
ATTENTION = ('bmm', 'baddbmm')

HEADERS = [
    'config',
    'input',
    'trainable parameters',
    'parameters',
    'GMACs: convolutions and linear layers',
    'GMACs: with attention products',
]


class Complexity(NamedTuple):
    """What a model costs: parameters, and multiply-accumulates (MACs).

    The paper counts those of layers alone, as its GFLOPs.
    """

    size: tuple[int, int]  # (W, H) of the input, pixels
    trainable: int  # of the parameters
    parameters: int
    layer_macs: int  # of convolutions and linear layers, an image
    attention_macs: int  # of QK^T and AV


def measure_complexity(config: Config) -> Complexity:
    """Count a top-down estimator's parameters and operations, not computed.

    Operations are counted as they are called, so that the counts hold for any
    model; normalization layers, activations and interpolations count nothing.
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


def main() -> None:
    parser = argparse.ArgumentParser(
        prog='distilpose complexity', description=__doc__.splitlines()[0]
    )
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    rows, faults = [], []
    for name in parser.parse_args().configs:
        try:
            path = find_config(name, with_mmpose=True)
            found = measure_complexity(Config.fromfile(path))
        except Exception as error:  # of one config: the others still count
            faults.append(f'{name}: {type(error).__name__}: {error}')
            continue
        rows.append(
            [
                path.stem,
                '{} x {}'.format(*found.size),
                f'{found.trainable:,}',
                f'{found.parameters:,}',
                f'{found.layer_macs / 1e9:.3f}',
                f'{(found.layer_macs + found.attention_macs) / 1e9:.3f}',
            ]
        )
    if rows:
        align = ['left', 'left', *['right'] * 4]
        print(  # noqa: T201
            tabulate(
                rows,
                HEADERS,
                tablefmt='github',
                colalign=align,
                disable_numparse=True,
            )
        )
    if faults:
        sys.exit('\n'.join(faults))


if __name__ == '__main__':
    main()
