"""Parameters and GMACs of models, as a Markdown table.

    python tools/complexity.py CONFIG...

CONFIG is a file or a name, of our configs or MMPose's.
"""

import argparse
import sys

from measured_complexity import measure_complexity
from mmengine.config import Config
from tabulate import tabulate

from distilpose.zoo.find import find_config

HEADERS = [
    'config',
    'input',
    'trainable parameters',
    'parameters',
    'GMACs: convolutions and linear layers',
    'GMACs: with attention products',
]


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
