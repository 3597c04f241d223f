"""A long list in few words."""

from collections.abc import Collection
from itertools import islice
from typing import Any

__all__ = ['few']


def few(items: Collection[Any], most: int = 5, between: str = ', ') -> str:
    """The first items, and how many more there are; "none" without any."""
    told = [*map(str, islice(items, most))]
    if len(items) > most:
        told.append(f'and {len(items) - most} more')
    return between.join(told) or 'none'
