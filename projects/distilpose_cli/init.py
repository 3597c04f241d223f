"""``distilpose init``: configs for a training run on your own data."""

import argparse
import shlex
import warnings
from pathlib import Path

from .arguments import FOLDER, add_command

__all__ = ['add_init']


def add_init(commands) -> None:
    text = 'write a config that trains on your own photos and annotations'
    add = add_command(commands, 'init', run_init, text).add_argument
    add('folder', **FOLDER, help='what to write; new')
    add(
        '--train',
        metavar='FILE',
        type=Path,
        required=True,
        help='annotations in COCO keypoint format, of any tool',
    )
    add(
        '--val',
        metavar='FILE',
        type=Path,
        help='the same, to validate on (default: a tenth of the images)',
    )
    add(
        '--images',
        metavar='DIR',
        type=Path,
        required=True,
        help='the photos; folders below it are searched, too',
    )
    add(
        '--val-images',
        metavar='DIR',
        type=Path,
        help='the photos to validate on (default: among the others)',
    )
    add(
        '--student',
        metavar='NAME',
        default='distilpose-s',
        help='which model to train: tiny, distilpose-s, mobilenetv4-s, '
        'cspnext-t, cspnext-s or cspnext-m (default: %(default)s)',
    )
    add(
        '--teacher',
        metavar='NAME',
        help="a config of MMPose's zoo to distil from (default: a teacher "
        'that is trained on the same data)',
    )
    add(
        '--category',
        metavar='NAME',
        help='the category to take, of several with keypoints',
    )
    add(
        '--start',
        metavar='CHECKPOINT',
        help='a student to start from; its keypoints may be others. "none" '
        'for random weights (default: what is published for the backbone, '
        'if anything, which is downloaded)',
    )


def run_init(args: argparse.Namespace) -> None:
    """Write, and show the report and what to do next.

    Raises:
        ValueError: The report has errors, or an argument cannot be used.
    """
    options = {
        name: value
        for name, value in vars(args).items()
        if name not in ('command', 'run', 'folder')
    }
    # Dependencies warn of each other's deprecations, over the report.
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        from distilpose_own_data import init

        report = init(args.folder, **options)
    print(report)  # noqa: T201
    if report.errors:
        from distilpose_runtime.errors import UserValueError

        raise UserValueError(
            'nothing is written. Put right what the report says, and try '
            'again.'
        )
    print(_next_steps(args.folder, args.teacher is None))  # noqa: T201


def _next_steps(folder: Path, own_teacher: bool) -> str:
    there = shlex.quote(f'{folder}')
    lines = [
        '',
        f'Written to {folder}. Read settings.py and metainfo.py there, then:',
        f'  distilpose train {there}/config.py',
        f'  distilpose test {there}/config.py '
        f'{there}/work_dirs/config/best_coco_AP_epoch_*.pth',
    ]
    if own_teacher:
        lines += [
            'For a better student, with a teacher of your own, then:',
            f'  distilpose train {there}/teacher.py',
            f'  distilpose train {there}/distilled.py',
        ]
    return '\n'.join(lines)
