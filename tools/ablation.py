"""Train configs over seeds and compare them in a table.

    python tools/ablation.py FOLDER [KEY=VALUE ...] CONFIG [KEY=VALUE ...] ...

Each CONFIG, a file or a name, with the changes behind it is a row; `name=...`
among them names it. Changes in front of the first CONFIG are made to every
row. In a VALUE, {seed} stands for the seed. Called again, it goes on where it
was interrupted, and takes rows and seeds that are new. The first row is what
the others are compared with.
"""

import argparse
import shlex
import sys
from pathlib import Path

from distilpose.ablation import Row, run_ablation
from distilpose.commands import exit_on_sigterm


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, metavar='FOLDER')
    parser.add_argument(
        'rows', nargs='+', metavar='[KEY=VALUE ...] CONFIG [KEY=VALUE ...]'
    )
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--metric', default='coco/AP')
    parser.add_argument(
        '--jobs', type=int, default=1, help='trainings at a time'
    )
    args = parser.parse_args()
    exit_on_sigterm()
    command = shlex.join(['python', 'tools/ablation.py', *sys.argv[1:]])
    try:
        report = run_ablation(
            args.folder,
            Row.parse_all(args.rows),
            args.seeds,
            args.metric,
            args.jobs,
            command,
        )
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f'ablation: {error}')
    print(report)  # noqa: T201


if __name__ == '__main__':
    main()
