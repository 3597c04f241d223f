"""Arguments that more than one command has."""

import argparse

__all__ = ['DEFAULT_MODEL', 'positive']

# Not read from distilpose_runtime, whose import takes longer than --help may.
DEFAULT_MODEL = 'distilpose-lsp'


def positive(text: str) -> int:
    """Read a whole number of 1 or more, as the type of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'{text} is no whole number of 1 or more'
        )
    return int(text)
