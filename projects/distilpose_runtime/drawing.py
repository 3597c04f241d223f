"""Poses drawn over an image."""

import colorsys

import cv2
import numpy as np

from .poses import Poses

__all__ = ['draw']

Color = tuple[int, int, int]

# OpenCV takes coordinates as whole numbers of 1 / 2 ** SHIFT pixel.
SHIFT = 4


def draw(
    image: np.ndarray,
    poses: Poses,
    min_score: float = 0.3,
    boxes: bool = True,
    ellipses: bool = True,
) -> np.ndarray:
    """Draw skeletons, boxes and error ellipses.

    Args:
        image: Image (height, width, 3), BGR, 8 bits. It stays as it is.
        poses: The poses in it.
        min_score: Keypoints of lower scores are left out.
        boxes: Whether to draw the people's boxes.
        ellipses: Whether to draw an ellipse of one sigma around keypoints,
            where the model predicts sigmas.

    Returns:
        Picture of the same size and kind.
    """
    canvas = image.copy()
    dots, lines = _colors(poses)
    for i in range(len(poses)):
        visible = (poses.scores[i] >= min_score) & np.isfinite(
            poses.keypoints[i]
        ).all(-1)
        x1, y1, x2, y2 = poses.boxes[i]
        width = max(1, round(float(max(x2 - x1, y2 - y1)) / 150))
        points = [_fixed(point) for point in poses.keypoints[i]]
        if boxes:
            corners = _fixed((x1, y1)), _fixed((x2, y2))
            gray = (200, 200, 200)
            cv2.rectangle(canvas, *corners, gray, 1, cv2.LINE_AA, SHIFT)
        for (a, b), color in zip(poses.skeleton, lines):
            if visible[a] and visible[b]:
                cv2.line(
                    canvas,
                    *(points[a], points[b], color),
                    *(width, cv2.LINE_AA, SHIFT),
                )
        for k in np.flatnonzero(visible):
            radius = _fixed((1.5 * width, 0))[0]
            cv2.circle(
                canvas, points[k], radius, dots[k], -1, cv2.LINE_AA, SHIFT
            )
            if ellipses and poses.sigmas is not None:
                cv2.ellipse(
                    canvas,
                    *(points[k], _fixed(poses.sigmas[i, k]), 0, 0, 360),
                    *(dots[k], 1, cv2.LINE_AA, SHIFT),
                )
    return canvas


def _fixed(point) -> tuple[int, int]:
    # Far outside, where OpenCV's whole numbers end.
    fixed = np.nan_to_num(np.asarray(point, np.float64)) * (1 << SHIFT)
    x, y = fixed.clip(-1e6, 1e6).round()
    return int(x), int(y)


def _colors(poses: Poses) -> tuple[list[Color], list[Color]]:
    """BGR colours of keypoints and lines; the model's, or a rainbow."""
    dots, lines = (
        given
        if given is not None and len(given) == count
        else [_rainbow(i / max(count, 1)) for i in range(count)]
        for given, count in (
            (poses.keypoint_colors, len(poses.names)),
            (poses.skeleton_colors, len(poses.skeleton)),
        )
    )
    return [c[::-1] for c in dots], [c[::-1] for c in lines]


def _rainbow(hue: float) -> Color:
    r, g, b = colorsys.hsv_to_rgb(hue, 1, 1)
    return round(255 * r), round(255 * g), round(255 * b)
