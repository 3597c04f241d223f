"""``distilpose predict``: poses in images, videos and camera pictures."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .arguments import (
    DEFAULT_DETECTOR,
    DEFAULT_MODEL,
    DEVICE,
    FLAG,
    FOLDER,
    NUMBER,
    SCORE,
    add_command,
)

__all__ = ['add_people', 'add_predict']


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(','))


def add_predict(commands) -> None:
    text = 'find the poses in images, a video or the pictures of a camera'
    parser = add_command(
        commands,
        'predict',
        run_predict,
        text,
        '. Writes pictures with the poses drawn in them, and predictions.json '
        "in COCO's layout. With a model from `distilpose export`, neither "
        'PyTorch nor MMPose is needed.',
        after_interrupt='What was predicted until then is written.',
    )
    add = parser.add_argument
    add(
        'source',
        metavar='SOURCE',
        help="an image, a folder, a pattern such as 'photos/*.jpg', a video, "
        'or the number of a camera',
    )
    add(
        '--model',
        default=DEFAULT_MODEL,
        metavar='FILE.onnx',
        help='a model from `distilpose export`; or a config, or the name of '
        'one, with --checkpoint (default: %(default)s, which comes with this '
        'package)',
    )
    add(
        '--checkpoint',
        metavar='FILE',
        help='the checkpoint of a config, which MMPose then runs',
    )
    group = add_people(parser)
    group.add_argument(
        '--track',
        **FLAG,
        help='give people numbers that they keep from frame to frame',
    )
    group.add_argument(
        '--detect-every',
        **NUMBER,
        help='run the detector on every N-th frame of a video or camera, and '
        'wherever someone is lost; in between, boxes follow the poses '
        '(default: 4 times a second)',
    )
    _add_outputs(parser)


def add_people(parser: argparse.ArgumentParser) -> Any:
    """Add the arguments that say who is in a picture; give their group."""
    group = parser.add_argument_group('people')
    add, either = group.add_argument, group.add_mutually_exclusive_group()
    either.add_argument(
        '--boxes',
        type=Path,
        metavar='FILE.json',
        help="people's boxes, in COCO's format of annotations or of results",
    )
    either.add_argument(
        '--detector',
        default=DEFAULT_DETECTOR,
        metavar='FILE.onnx',
        help='a detector (YOLOX, RTMDet, YOLOv8 or NanoDet, which is '
        'recognised); nanodet, which comes with this package; yolox-tiny or '
        'yolox-s, which is fetched once; or none: the whole picture is one '
        'person (default: %(default)s)',
    )
    add(
        '--detector-format',
        metavar='NAME',
        help="the detector's format, where it is not recognised",
    )
    add(
        '--box-threshold',
        **SCORE,
        default=0.35,
        help='leave out people of lower scores (default: %(default)s)',
    )
    add(
        '--largest', **NUMBER, help='take the N largest people of each picture'
    )
    return group


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        '--every',
        **NUMBER,
        default=1,
        help='take every N-th frame of a video or camera',
    )
    add('--limit', **NUMBER, help='end after N pictures')
    add('--device', **DEVICE)
    add(
        '--batch',
        **NUMBER,
        default=32,
        help='at most N people in one run of the model (default: %(default)s)',
    )
    _add_files(parser.add_argument_group('output').add_argument)


def _add_files(add: Callable) -> None:
    add(
        '--out',
        **FOLDER,
        help='where to write (default: predictions/ and the name of SOURCE)',
    )
    add(
        '--overwrite', **FLAG, help='replace the predictions that FOLDER holds'
    )
    add(
        '--format',
        dest='formats',
        type=_words,
        default=(),
        metavar='FORMATS',
        help='also write the results for other tools, with commas between: '
        'coco, csv, deeplabcut, deeplabcut-csv, openpose',
    )
    add(
        '--no-media',
        dest='media',
        action='store_false',
        help='draw no pictures',
    )
    add(
        '--draw',
        type=_words,
        metavar='PARTS',
        help='what to draw, with commas between: poses, boxes, sigmas (an '
        'ellipse of one standard deviation around each keypoint) and ids '
        '(default: poses, and with --track ids)',
    )
    add(
        '--sheet',
        type=Path,
        metavar='FILE',
        help='write one image with all pictures of a folder in small, too',
    )
    add(
        '--keypoint-threshold',
        **SCORE,
        default=0.3,
        help='do not draw keypoints of lower scores; up to 0.5 they are '
        'hollow (default: %(default)s)',
    )


def run_predict(args: argparse.Namespace) -> None:
    """Predict, and say what was done."""
    from .predict_run import run

    if not run(args):
        raise KeyboardInterrupt
