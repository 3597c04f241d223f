"""Heatmaps and skeletons drawn over crops.

K: keypoints. H, W: height and width of a crop, pixels. h, w: those of a
heatmap.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from distilpose_runtime.drawing import draw_lines

__all__ = ['draw_comparison', 'draw_skeleton', 'overlay_heatmaps']


def overlay_heatmaps(image: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Lay the largest of all keypoints' heatmaps over an image.

    Args:
        image: Crop (H, W, 3), BGR, 8 bits.
        heatmaps: Heatmaps (K, h, w); below 0 and above 1 they are clipped.

    Returns:
        Picture (H, W, 3), BGR, 8 bits.
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
    scale: int = 3,
) -> np.ndarray:
    """Draw a skeleton.

    Args:
        image: Crop (H, W, 3), BGR, 8 bits.
        coords: Coordinates (K, 2), fractions of the image.
        links: Pairs of keypoints to connect.
        colors: A colour (RGB) for each link.
        scale: How much larger the picture is, for lines finer than its pixels.

    Returns:
        Picture (scale * H, scale * W, 3), BGR, 8 bits.
    """
    canvas = cv2.resize(image, None, fx=scale, fy=scale)
    h, w = canvas.shape[:2]
    points = np.asarray(coords) * [w, h]
    bgr = np.asarray(colors)[:, ::-1].tolist()
    draw_lines(canvas, points, links, bgr, scale)
    return canvas


def draw_comparison(
    image: np.ndarray,
    heatmaps: Sequence[np.ndarray],
    coords: Sequence[np.ndarray],
    links: Sequence[tuple[int, int]],
    colors: np.ndarray,
    scale: int = 3,
) -> np.ndarray:
    """Draw a crop, heatmaps over it and skeletons in it, side by side.

    Args:
        image: Crop (H, W, 3), BGR, 8 bits.
        heatmaps: Of each model that has them, (K, h, w).
        coords: Of each model that has them, (K, 2), fractions of the image.
        links: Pairs of keypoints to connect.
        colors: A colour (RGB) for each link.
        scale: How much larger the picture is.

    Returns:
        Picture (scale * H, scale * W * number of cells, 3), BGR, 8 bits.
    """
    cells = [image, *(overlay_heatmaps(image, maps) for maps in heatmaps)]
    cells = [cv2.resize(cell, None, fx=scale, fy=scale) for cell in cells]
    skeletons = [
        draw_skeleton(image, found, links, colors, scale) for found in coords
    ]
    return np.hstack([*cells, *skeletons])
