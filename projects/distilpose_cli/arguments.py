"""Commands and the arguments that more than one of them has."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    'DEFAULT_MODEL',
    'FLAG',
    'FOLDER',
    'add_command',
    'expect_file',
    'positive',
]

# Not read from distilpose_runtime, whose import takes longer than --help may.
DEFAULT_MODEL = 'distilpose-body17'

FLAG: dict[str, Any] = dict(action='store_true')
FOLDER: dict[str, Any] = dict(metavar='FOLDER', type=Path)


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
