"""Bring a checkpoint of an older release under our names, or back.

    python tools/convert_checkpoint.py SRC DST [--config CONFIG]
    python tools/convert_checkpoint.py SRC DST --to-original CONFIG

Known are the original DistilPose release (students and TokenPose teachers)
and MMPose 0.x's HRNet. CONFIG is a file or the name of a config.
"""

import argparse
import sys
from pathlib import Path

from original.convert import convert, to_original, write_checkpoint

from distilpose.weights.read import read_state_dict


def main() -> None:
    parser = argparse.ArgumentParser(
        prog='distilpose convert', description=__doc__.splitlines()[0]
    )
    parser.add_argument('source', metavar='SRC')
    parser.add_argument('target', type=Path, metavar='DST')
    direction = parser.add_mutually_exclusive_group()
    direction.add_argument(
        '--config', help='config that the result must fit, if not the usual'
    )
    direction.add_argument(
        '--to-original',
        metavar='CONFIG',
        help="bring a checkpoint of CONFIG under the original release's names",
    )
    args = parser.parse_args()
    if '' in (args.config, args.to_original):
        parser.error('CONFIG is empty: give a file or the name of a config')
    try:
        state = read_state_dict(args.source)
        if args.to_original:
            conversion = to_original(state, args.to_original)
        else:
            conversion = convert(state, args.config)
        write_checkpoint(args.target, conversion, args.source)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'convert_checkpoint: {error}')
    print(f'{conversion.report()}\nWritten: {args.target}')  # noqa: T201


if __name__ == '__main__':
    main()
