"""Commands and the arguments that more than one of them has."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    'DEFAULT_DETECTOR',
    'DEFAULT_MODEL',
    'DEVICE',
    'FILE',
    'FLAG',
    'FOLDER',
    'NUMBER',
    'SCORE',
    'SETTINGS',
    'add_command',
    'expect_file',
    'number_from',
    'positive',
]


def add_command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], None],
    text: str,
    more: str = '',
    **defaults: str,
) -> argparse.ArgumentParser:
    """Add a command, and give its parser.

    Args:
        commands: The commands of the main parser.
        name: Its name.
        run: What it does.
        text: What it does, in a line of the list of commands.
        more: What its own help says behind that.
        **defaults: ``after_interrupt`` is said where Ctrl-C ends it.
    """
    description = f'{text.capitalize()}{more}' if more else text
    parser = commands.add_parser(name, help=text, description=description)
    parser.set_defaults(run=run, **defaults)
    return parser


def expect_file(file: Path, suffix: str) -> None:
    """See that a file can be written.

    Raises:
        ValueError: It is a folder, or has another suffix.
    """
    if file.suffix.lower() != suffix or file.is_dir():
        from distilpose_runtime.errors import UserValueError

        raise UserValueError(
            f'"{file}" cannot be written. Name a file that ends in {suffix}.'
        )


def positive(text: str) -> int:
    """Read a whole number of 1 or more, as the type of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'{text} is no whole number of 1 or more'
        )
    return int(text)


def number_from(
    least: float, most: float = math.inf
) -> Callable[[str], float]:
    """Make the type of an argument: a finite number within limits."""
    is_open = most == math.inf
    limits = f'of {least} or more' if is_open else f'from {least} to {most}'

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or value == math.inf:
            raise argparse.ArgumentTypeError(f'{text} is no number {limits}')
        return value

    return read


# Not read from distilpose_runtime, whose import takes longer than --help may.
DEFAULT_MODEL = 'distilpose-body17'
DEFAULT_DETECTOR = 'nanodet'

DEVICE: dict[str, Any] = dict(
    default='cpu',
    help='cpu, cuda, cuda:1, coreml, ... (default: %(default)s)',
)
FILE: dict[str, Any] = dict(metavar='FILE', type=Path)
FLAG: dict[str, Any] = dict(action='store_true')
FOLDER: dict[str, Any] = dict(metavar='FOLDER', type=Path)
NUMBER: dict[str, Any] = dict(metavar='N', type=positive)
SCORE: dict[str, Any] = dict(metavar='SCORE', type=number_from(0, 1))
SETTINGS: dict[str, Any] = dict(metavar='KEY=VALUE', nargs='+', default=[])
