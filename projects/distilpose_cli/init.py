"""``distilpose init``: configs for a training run on your own data."""

import argparse
import shlex
import warnings
from pathlib import Path

from .arguments import FILE, FOLDER, add_command

__all__ = ['add_init']


def add_init(commands) -> None:
    text = 'write a config that trains on your own photos and annotations'
    add = add_command(commands, 'init', run_init, text).add_argument
    add('folder', **FOLDER, help='what to write; new')
    photos = {**FOLDER, 'metavar': 'DIR'}
    add(
        '--train',
        **FILE,
        help='annotations in COCO keypoint format, of any tool or of '
        '`distilpose label`',
    )
    add(
        '--unlabelled',
        **FILE,
        help='people to learn from a teacher, in COCO format: with '
        'keypoints, as `distilpose label` writes them, or, with --teacher, '
        'boxes alone',
    )
    add('--val', **FILE, help='labels to validate on (default: a tenth)')
    add(
        '--images',
        **photos,
        required=True,
        help='the photos; folders below it are searched, too',
    )
    add(
        '--val-images',
        **photos,
        help='the photos to validate on (default: among the others)',
    )
    add(
        '--student',
        metavar='NAME',
        default=argparse.SUPPRESS,  # that of `init`
        help='which model to train: tiny, distilpose-s, mobilenetv4-s, '
        'cspnext-t, -s or -m, rtmpose-t, -s or -m (default: rtmpose-t)',
    )
    add(
        '--teacher',
        metavar='NAME',
        help="a config of MMPose's zoo to learn from, beside labels or "
        'about --unlabelled (default: a teacher that is trained on the same '
        'data, for some students)',
    )
    add(
        '--category',
        metavar='NAME',
        help='the category to take, of several with keypoints or of boxes',
    )
    add(
        '--start',
        metavar='CHECKPOINT',
        help="a student to start from, or a config of MMPose's zoo whose "
        'weights are downloaded; its keypoints may be others. "none" for '
        'random weights (default: what is published for the student, if '
        'anything)',
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
            'nothing is written. Correct what the report says, and try again.'
        )
    print(_next_steps(args.folder))  # noqa: T201


def _next_steps(folder: Path) -> str:
    there = shlex.quote(f'{folder}')
    train = f'  distilpose train {there}/{{}}.py'.format
    lines = [
        '',
        f'Written to {folder}. Read settings.py and metainfo.py there, then:',
        train('config'),
    ]
    if (folder / 'annotations/val.json').exists():
        lines.append(
            f'  distilpose test {there}/config.py '
            f'{there}/work_dirs/config/best_*.pth'
        )
    if (folder / 'teacher.py').exists():
        lines += [
            'For a better student, with a teacher of your own, then:',
            train('teacher'),
            train('distilled'),
        ]
    return '\n'.join(lines)
