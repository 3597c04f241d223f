"""Boxes of people."""

import math
from typing import Any

__all__ = ['is_box']


def is_box(box: Any) -> bool:
    """Whether something is four finite numbers."""
    try:
        return len(box) == 4 and all(map(math.isfinite, box))
    except TypeError:
        return False
