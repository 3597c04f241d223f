"""Heatmaps and skeletons drawn over crops.

K: keypoints. H, W: height and width of a crop, pixels. h, w: those of a
heatmap.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from distilpose_runtime.drawing import draw_lines

__all__ = ['draw_comparison', 'draw_skeleton', 'overlay_heatmaps']

SCALE = 3
"""How much larger than a crop it is drawn: lines are finer than its pixels."""


def overlay_heatmaps(image: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Lay the largest of all heatmaps (K, h, w) over a crop (H, W, 3), BGR.

    Below 0 and above 1 they are clipped.
    """
    largest = heatmaps.max(0).clip(0, 1)
    h, w = image.shape[:2]
    largest = cv2.resize(largest.astype(np.float32), (w, h))
    colored = cv2.applyColorMap(
        (255 * largest).astype(np.uint8), cv2.COLORMAP_HOT
    )
    return cv2.addWeighted(image, 0.4, colored, 0.6, 0)


def draw_skeleton(
    image: np.ndarray,
    coords: np.ndarray,
    links: Sequence[tuple[int, int]],
    colors: np.ndarray,
) -> np.ndarray:
    """Draw a skeleton into a crop (H, W, 3), BGR, made ``SCALE`` times larger.

    ``coords`` (K, 2) are fractions of the image, ``links`` pairs of keypoints,
    and ``colors`` theirs, RGB.
    """
    canvas = cv2.resize(image, None, fx=SCALE, fy=SCALE)
    h, w = canvas.shape[:2]
    points = np.asarray(coords) * [w, h]
    bgr = np.asarray(colors)[:, ::-1].tolist()
    draw_lines(canvas, points, links, bgr, SCALE)
    return canvas


def draw_comparison(
    image: np.ndarray,
    heatmaps: Sequence[np.ndarray],
    coords: Sequence[np.ndarray],
    links: Sequence[tuple[int, int]],
    colors: np.ndarray,
) -> np.ndarray:
    """Draw a crop, heatmaps over it and skeletons in it, side by side.

    ``heatmaps`` (K, h, w) and ``coords`` (K, 2) are those of each model that
    has them; all else is as for ``draw_skeleton``.
    """
    cells = [image, *(overlay_heatmaps(image, maps) for maps in heatmaps)]
    cells = [cv2.resize(cell, None, fx=SCALE, fy=SCALE) for cell in cells]
    skeletons = [
        draw_skeleton(image, found, links, colors) for found in coords
    ]
    return np.hstack([*cells, *skeletons])
