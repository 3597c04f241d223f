"""Boxes of people."""

import math
from typing import Any

__all__ = ['is_box', 'touches']


def is_box(box: Any) -> bool:
    """Whether something is four finite numbers."""
    try:
        return len(box) == 4 and all(map(math.isfinite, box))
    except TypeError:
        return False


def touches(box: list[float], image: dict[str, Any]) -> bool:
    """Whether a box (x, y, width, height) has an area inside its image.

    MMPose takes the last pixel for the image's edge. Of an image of unknown
    size, each box to the right of its left edge and below its top has.
    """
    x, y, w, h = box
    right = min(x + w, image.get('width', math.inf) - 1)
    bottom = min(y + h, image.get('height', math.inf) - 1)
    return max(x, 0) < right and max(y, 0) < bottom
