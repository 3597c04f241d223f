"""The command ``distilpose review``."""

import argparse
from pathlib import Path

from .arguments import FILE, FOLDER, NUMBER, add_command

__all__ = ['add_review']


def add_review(commands) -> None:
    text = 'show where a student and the labels differ most'
    add = add_command(
        commands,
        'review',
        run_review,
        text,
        '. Writes one HTML page, and beside it the first photos as a COCO '
        'file for an annotation tool; with --merge, takes the corrected '
        'file back.',
    ).add_argument
    add('labels', **FILE, help='annotations, of `distilpose label` or others')
    add('--images', **FOLDER, help='the photos')
    add(
        '--student',
        metavar='FILE.onnx',
        help='a model from `distilpose export`',
    )
    add('--out', **FILE, default=Path('review.html'), help='the page to write')
    add(
        '--first',
        **NUMBER,
        default=50,
        help='how many photos (default: %(default)s)',
    )
    add('--merge', **FILE, help='put the people of this file into the labels')


def run_review(args: argparse.Namespace) -> None:
    """Write the page, or merge.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: An argument or a file is not what it should be.
    """
    from .review_run import merge, review

    (review if args.merge is None else merge)(args)
