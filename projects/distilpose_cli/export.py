"""``distilpose export``: a student as an ONNX file."""

import argparse
from pathlib import Path

__all__ = ['add_export']


def add_export(commands) -> None:
    text = 'write a trained student as an ONNX file'
    parser = commands.add_parser(
        'export',
        help=text,
        description=f'{text.capitalize()} that ONNX Runtime and '
        'distilpose_runtime run without PyTorch. The file is compared with '
        'PyTorch before it gets its name.',
    )
    parser.add_argument(
        'config', metavar='CONFIG', help='a config, or the name of one'
    )
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT', help='its checkpoint'
    )
    parser.add_argument(
        'file', metavar='OUT.onnx', type=Path, help='the file to write'
    )
    parser.add_argument(
        '--precision',
        choices=('float32', 'float16'),
        default='float32',
        help='of backbone and neck; the head stays float32 (default: '
        '%(default)s)',
    )
    parser.add_argument(
        '--flip-test',
        action='store_true',
        help='predict the mirror image as well, inside the graph',
    )
    parser.add_argument(
        '--raw-images',
        action='store_true',
        help='take bytes (N, H, W, 3), BGR, and normalize inside the graph',
    )
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> None:
    """Export, and say how far the file is from PyTorch."""
    from distilpose.deploy.export import OPSET, export_onnx
    from distilpose.zoo.find import read_config

    difference = export_onnx(
        read_config(args.config, with_mmpose=True),
        args.checkpoint,
        args.file,
        precision=args.precision,
        flip_test=args.flip_test,
        raw_images=args.raw_images,
    )
    size = args.file.stat().st_size / 1e6
    print(  # noqa: T201
        f'{args.file}: {size:.1f} MB, opset {OPSET}, any batch. Largest '
        f'difference from PyTorch at batches 1, 2 and 5: {difference}.'
    )
