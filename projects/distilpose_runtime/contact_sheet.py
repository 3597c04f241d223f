"""Small pictures of people side by side, in one image."""

import math
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from .drawing import draw
from .frames import Frame
from .images import write_image, written_path
from .poses import Poses

__all__ = ['ContactSheet']

# More pictures than these would make an image that few programs open.
MOST = 400
# Pixels: the longer side of a picture, the line for its name, and the space
# around both.
SIDE, LINE, GAP = 300, 18, 6
LETTERS = 40  # of a name
GREY, WHITE = 40, (230, 230, 230)


class ContactSheet:
    """Collects pictures with the poses in them, and writes them as one image.

    Of more than 400 pictures, it takes one of every 2, of every 3, and so on.

    Args:
        path: The image file. A suffix that is not written gets ``.png``
            behind it.
        total: How many pictures there will be.
        parts, min_score: What to draw, as for ``draw``.

    Attributes:
        path: The file that is written.
        every: One of so many pictures is in it.
    """

    def __init__(
        self, path: Path, total: int, parts: Collection[str], min_score: float
    ) -> None:
        self.path = written_path(path)
        self.every = -(-total // MOST)
        self._parts, self._min_score = parts, min_score
        self._cells: list[np.ndarray] = []

    def add(self, frame: Frame, poses: Poses) -> None:
        """Add a picture, or leave it out if it is not its turn.

        Poses are drawn after it was scaled, so that thin limbs are seen.
        """
        if frame.number % self.every:
            return
        height, width = frame.image.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        ratio = np.divide(size, (width, height))
        # Whole numbers are the middles of pixels.
        small = replace(
            poses,
            keypoints=(poses.keypoints + 0.5) * ratio - 0.5,
            boxes=poses.boxes * np.tile(ratio, 2),
            sigmas=None if poses.sigmas is None else poses.sigmas * ratio,
        )
        image = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        drawn = draw(image, small, self._min_score, self._parts)
        self._cells.append(_cell(drawn, frame.name))

    def write(self) -> None:
        """Write the image whole or not at all; without a picture, nothing.

        Raises:
            OSError: It cannot be written.
        """
        if not self._cells:
            return
        count = len(self._cells)
        columns = math.ceil(math.sqrt(count))
        empty = np.full_like(self._cells[0], GREY)
        cells = self._cells + [empty] * (-count % columns)
        starts = range(0, count, columns)
        rows = [np.hstack(cells[i : i + columns]) for i in starts]
        write_image(self.path, np.vstack(rows))


def _cell(image: np.ndarray, name: str) -> np.ndarray:
    """A picture in the middle of its place, above its name."""
    cell = np.full((SIDE + LINE + GAP, SIDE + GAP, 3), GREY, np.uint8)
    height, width = image.shape[:2]
    top, left = (GAP + SIDE - height) // 2, (GAP + SIDE - width) // 2
    cell[top : top + height, left : left + width] = image
    # OpenCV's letters are those of ASCII. The end of a name tells more.
    text = name.encode('ascii', 'replace').decode()
    text = text if len(text) <= LETTERS else f'...{text[3 - LETTERS :]}'
    font, place = cv2.FONT_HERSHEY_SIMPLEX, (GAP, SIDE + LINE)
    cv2.putText(cell, text, place, font, 0.4, WHITE, 1, cv2.LINE_AA)
    return cell
