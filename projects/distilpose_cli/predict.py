"""``distilpose predict``: poses in images, videos and camera pictures."""

import argparse
from pathlib import Path

from .arguments import DEFAULT_MODEL, positive

__all__ = ['add_predict']

DEFAULT_DETECTOR = 'yolox-tiny'


def add_predict(commands) -> None:
    text = 'find the poses in images, a video or the pictures of a camera'
    parser = commands.add_parser(
        'predict',
        help=text,
        description=f'{text.capitalize()}. Writes pictures with the poses '
        "drawn in them, and predictions.json in COCO's layout. With a model "
        'from `distilpose export`, neither PyTorch nor MMPose is needed.',
    )
    parser.add_argument(
        'source',
        metavar='SOURCE',
        help="an image, a folder, a pattern such as 'photos/*.jpg', a video, "
        'or the number of a camera',
    )
    parser.add_argument(
        '--model',
        default=DEFAULT_MODEL,
        metavar='FILE.onnx',
        help='a model from `distilpose export`; or a config, or the name of '
        'one, with --checkpoint (default: %(default)s, which comes with this '
        'package)',
    )
    parser.add_argument(
        '--checkpoint',
        metavar='FILE',
        help='the checkpoint of a config, which MMPose then runs',
    )
    _add_people(parser)
    _add_outputs(parser)
    parser.set_defaults(
        run=run_predict,
        after_interrupt='What was predicted until then is written.',
    )


def _add_people(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('people')
    either = group.add_mutually_exclusive_group()
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
        'recognised); yolox-tiny or yolox-s, which is fetched once; or none: '
        'the whole picture is one person (default: %(default)s)',
    )
    group.add_argument(
        '--detector-format',
        metavar='NAME',
        help="the detector's format, where it is not recognised",
    )
    group.add_argument(
        '--box-threshold',
        type=_score,
        default=0.35,
        metavar='SCORE',
        help='leave out people of lower scores (default: %(default)s)',
    )
    group.add_argument(
        '--largest',
        type=positive,
        metavar='N',
        help='take the N largest people of each picture',
    )
    group.add_argument(
        '--track',
        action='store_true',
        help='give people numbers that they keep from frame to frame',
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--every',
        type=positive,
        default=1,
        metavar='N',
        help='take every N-th frame of a video or camera',
    )
    parser.add_argument(
        '--limit', type=positive, metavar='N', help='end after N pictures'
    )
    parser.add_argument(
        '--device',
        default='cpu',
        help='cpu, cuda, cuda:1, coreml, ... (default: %(default)s)',
    )
    parser.add_argument(
        '--batch',
        type=positive,
        default=32,
        metavar='N',
        help='at most N people in one run of the model (default: %(default)s)',
    )
    group = parser.add_argument_group('output')
    group.add_argument(
        '--out',
        type=Path,
        metavar='FOLDER',
        help='where to write (default: predictions/ and the name of SOURCE)',
    )
    group.add_argument(
        '--overwrite',
        action='store_true',
        help='replace the predictions that FOLDER holds',
    )
    group.add_argument(
        '--csv', action='store_true', help='write predictions.csv, too'
    )
    group.add_argument(
        '--no-media',
        dest='media',
        action='store_false',
        help='draw no pictures',
    )
    group.add_argument(
        '--keypoint-threshold',
        type=_score,
        default=0.3,
        metavar='SCORE',
        help='do not draw keypoints of lower scores (default: %(default)s)',
    )


def _score(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float('nan')
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text} is no number from 0 to 1')
    return value


def run_predict(args: argparse.Namespace) -> None:
    """Predict, and say what was done."""
    from .predict_run import run

    if not run(args):
        raise KeyboardInterrupt
