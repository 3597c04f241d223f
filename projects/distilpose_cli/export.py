"""``distilpose export``: a student as an ONNX file."""

import argparse
import shlex
from pathlib import Path

from .arguments import FLAG, add_command

__all__ = ['add_export']


def add_export(commands) -> None:
    text = 'write a trained student, or a model of MMPose, as an ONNX file'
    add = add_command(
        commands,
        'export',
        run_export,
        text,
        ' that ONNX Runtime and distilpose_runtime run without PyTorch. The '
        'file is compared with PyTorch before it gets its name.',
    ).add_argument
    add('config', metavar='CONFIG', help='a config, or the name of one')
    add('checkpoint', metavar='CHECKPOINT', help='its checkpoint')
    add('file', metavar='OUT.onnx', type=Path, help='the file to write')
    add(
        '--precision',
        choices=('float32', 'float16'),
        default='float32',
        help='of backbone and neck; the head stays float32 (default: '
        '%(default)s)',
    )
    add(
        '--flip-test',
        **FLAG,
        help='predict the mirror image as well, inside the graph',
    )
    add(
        '--raw-images',
        **FLAG,
        help='take bytes (N, H, W, 3), BGR, and normalize inside the graph',
    )
    add(
        '--license',
        metavar='TEXT',
        help="the model's license, which the file then states, such as "
        "CC-BY-NC-4.0 or 'for research only' (default: the variable license "
        'of the config)',
    )


def run_export(args: argparse.Namespace) -> None:
    """Export, and say how far the file is from PyTorch."""
    from distilpose.deploy.export import OPSET, export_onnx
    from distilpose.zoo.find import read_config
    from distilpose_runtime import PoseEstimator

    difference = export_onnx(
        read_config(args.config, with_mmpose=True),
        args.checkpoint,
        args.file,
        precision=args.precision,
        flip_test=args.flip_test,
        raw_images=args.raw_images,
        license=args.license,
    )
    info = PoseEstimator(args.file).info
    size = args.file.stat().st_size / 1e6
    print(  # noqa: T201
        f'{args.file}: {size:.1f} MB, opset {OPSET}, any batch. Largest '
        f'difference from PyTorch at batches 1, 2 and 5: {difference}.\n'
        f'It says of itself: {info.origin()}.\n'
        'To see what it finds in a photo or a video:\n'
        f'  distilpose predict FILE --model {shlex.quote(str(args.file))}'
    )
