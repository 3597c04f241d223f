"""Types of arguments."""

import argparse

__all__ = ['positive']


def positive(text: str) -> int:
    """Read a whole number of 1 or more, as the type of an argument."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'{text} is no whole number of 1 or more'
        )
    return int(text)
