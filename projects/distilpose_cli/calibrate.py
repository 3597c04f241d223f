"""``distilpose calibrate``: sigmas that are as large as a model's errors."""

import argparse
import sys
from functools import partial
from pathlib import Path

from .arguments import DEVICE, FOLDER, add_command, expect_file

__all__ = ['add_calibrate']


def add_calibrate(commands) -> None:
    text = "fit an exported model's sigmas to its errors on labelled people"
    parser = add_command(
        commands,
        'calibrate',
        run_calibrate,
        text,
        '. Half of the pictures are for the fit, the other half for the '
        'table. Neither PyTorch nor MMPose is needed.',
        after_interrupt='No file was written.',
    )
    add = parser.add_argument
    add(
        'model',
        metavar='MODEL.onnx',
        help='a model that `distilpose export` wrote',
    )
    add(
        '--data',
        type=Path,
        required=True,
        metavar='FILE.json',
        help="labelled people, in COCO's format, that the model was not "
        'trained with',
    )
    add('--images', **FOLDER, required=True, help='their pictures')
    add(
        '--out',
        type=Path,
        metavar='FILE.onnx',
        help='the file to write, which may be MODEL.onnx itself (default: '
        'MODEL-calibrated.onnx)',
    )
    add(
        '--plot',
        type=Path,
        metavar='FILE.png',
        help='draw the shares of errors that sigmas state, and those that '
        'are observed; this needs matplotlib',
    )
    add('--device', **DEVICE)


def run_calibrate(args: argparse.Namespace) -> None:
    """Calibrate, write the file, and print the table."""
    from distilpose_runtime import PoseEstimator
    from distilpose_runtime.calibration.labels import read_labels
    from distilpose_runtime.calibration.report import sentences, table
    from distilpose_runtime.calibration.run import calibrate, write_calibration

    model = PoseEstimator(args.model, args.device)
    given = Path(args.model)
    out = args.out or given.with_name(f'{given.stem}-calibrated.onnx')
    expect_file(out, '.onnx')
    if args.plot is not None:
        expect_file(args.plot, '.png')
        from .calibration_plot import draw
    pictures = read_labels(args.data, args.images, model.names)
    found = calibrate(model, pictures, partial(_show_progress, len(pictures)))
    write_calibration(Path(model.file), out, found.calibration)
    before = found.held_out.sigmas
    after = found.calibration(before, found.held_out.scores)
    print(  # noqa: T201
        *sentences(found, model),
        *table(found.held_out, before, after, model.names),
        f'Written: {out}.',
        sep='\n',
    )
    if args.plot is not None:
        draw(args.plot, found.held_out, before, after)


def _show_progress(total: int, done: int) -> None:
    if sys.stderr.isatty():
        end = '\n' if done == total else ''
        sys.stderr.write(f'\r{done}/{total} pictures{end}')
        sys.stderr.flush()
