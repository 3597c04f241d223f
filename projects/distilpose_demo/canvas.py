"""A canvas that knows which person each point belongs to.

Frames and units:
    picture: x right, y down; pixels, pixel centres are whole numbers.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

__all__ = ['CIRCLE', 'SCALE', 'Canvas', 'Colour', 'hull', 'rotation']

SCALE = 2  # the canvas is finer than the picture by this factor

SHIFT = 4  # fractional bits of the coordinates passed to OpenCV

Colour = Sequence[float] | np.ndarray  # blue, green, red; 0 to 255

_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)

CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)  # (16, 2)


class Canvas:
    """Paints convex outlines, and keeps the owner of each point.

    Attributes:
        pixels: (H * SCALE, W * SCALE, 3), uint8, BGR.
        owners: (H * SCALE, W * SCALE), uint8: who was painted there last.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.pixels = np.full(
            (height * SCALE, width * SCALE, 3), 128, dtype=np.uint8
        )
        self.owners = np.zeros(self.pixels.shape[:2], dtype=np.uint8)

    def fill(
        self,
        outline: np.ndarray,
        colour: Colour,
        owner: int = 0,
        mask: np.ndarray | None = None,
    ) -> None:
        """Paint a convex outline.

        Args:
            outline: (N, 2), picture frame.
            colour: BGR; clipped to 0 to 255.
            owner: Written to ``owners`` there, unless 0.
            mask: As ``owners``; set to 1 there.
        """
        # The centre of picture pixel 0 lies between canvas pixels 0 and 1.
        fine = (outline + 0.5) * SCALE - 0.5
        points = np.rint(fine * (1 << SHIFT)).astype(np.int32)
        bgr = [min(max(float(c), 0.0), 255.0) for c in colour]
        cv2.fillConvexPoly(self.pixels, points, bgr, cv2.LINE_AA, SHIFT)
        if owner:
            cv2.fillConvexPoly(self.owners, points, (owner,), shift=SHIFT)
        if mask is not None:
            cv2.fillConvexPoly(mask, points, (1,), shift=SHIFT)

    def owner_at(self, x: float, y: float) -> int:
        """Tell the owner of a point within the picture."""
        column, row = (round((v + 0.5) * SCALE - 0.5) for v in (x, y))
        return int(self.owners[row, column])

    def picture(self) -> np.ndarray:
        """Return the picture, (H, W, 3) uint8."""
        size = (self.width, self.height)
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)


def hull(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return the convex outline around discs, (M, 2)."""
    circles = centres[:, None] + radii[:, None, None] * CIRCLE
    points = circles.reshape(-1, 2).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(float)


def rotation(axis: int, angle: float) -> np.ndarray:
    """Return the (3, 3) right-handed rotation about a frame's axis."""
    c, s = math.cos(angle), math.sin(angle)
    j, k = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[j, k], [j, k]] = c
    matrix[k, j], matrix[j, k] = s, -s
    return matrix
