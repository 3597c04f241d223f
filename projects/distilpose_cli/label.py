"""The command ``distilpose label``."""

import argparse

from .arguments import (
    DEVICE,
    FOLDER,
    NUMBER,
    SCORE,
    SETTINGS,
    add_command,
    number_from,
)
from .launcher import add_parts
from .predict import add_people

__all__ = ['add_label']


def add_label(commands) -> None:
    text = 'label the people in photos or a video by a teacher'
    parser = add_command(
        commands,
        'label',
        run_label,
        text,
        '. Writes FOLDER/labels.json, in the keypoint format of COCO, and '
        'FOLDER/images.',
        after_interrupt='The same command goes on where it was.',
    )
    add = parser.add_argument
    add(
        'source',
        metavar='SOURCE',
        help="an image, a folder, a pattern such as 'photos/**/*.jpg', or a "
        'video',
    )
    add('--out', **FOLDER, required=True, help='where to write; new')
    _add_teacher(parser)
    add_people(parser)
    _add_thresholds(parser)
    add = parser.add_argument_group('speed').add_argument
    add('--device', **DEVICE)
    add_parts(parser)


def _add_teacher(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group('teacher').add_argument
    add(
        '--teacher',
        metavar='NAME',
        required=True,
        help='a model of `distilpose teachers`, whose weights are downloaded; '
        'an ONNX file, of `distilpose export` as well; or a config',
    )
    add('--checkpoint', metavar='FILE', help='the weights of a config')
    add(
        '--teacher-options',
        **SETTINGS,
        help='settings of model.teacher, such as keypoints_of=coco for an '
        'ONNX file',
    )
    add(
        '--padding',
        type=number_from(0.1),
        help='how much larger than its box a crop is (default: 1.25, or what '
        'a file of `distilpose export` says)',
    )


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group('keypoints').add_argument
    add(
        '--sure',
        **SCORE,
        default=0.5,
        help='from this confidence on a keypoint is visible (default: '
        '%(default)s)',
    )
    add(
        '--unsure',
        **SCORE,
        default=0.3,
        help='below this confidence it is left out (default: %(default)s)',
    )
    add = parser.add_argument_group('videos').add_argument
    add(
        '--every',
        **NUMBER,
        default=10,
        help='take every N-th frame (default: %(default)s)',
    )
    add(
        '--min-change',
        type=number_from(0),
        default=1.0,
        metavar='LEVELS',
        help='leave out a frame that differs less from the one before, in '
        'grey levels of 256 on average; 0 for none (default: %(default)s)',
    )


def run_label(args: argparse.Namespace) -> None:
    """Label, and say how sure the teacher is, and what comes next."""
    from .label_run import run

    if not run(args):
        raise KeyboardInterrupt
