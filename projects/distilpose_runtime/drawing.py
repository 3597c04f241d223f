"""Poses drawn over an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from .poses import Poses

__all__ = ['draw', 'draw_lines']

Color = tuple[int, int, int]

# OpenCV takes coordinates as whole numbers of 1 / 2 ** SHIFT pixel.
SHIFT = 4
GRAY = (200, 200, 200)


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
        if boxes:
            start, end = _fixed((x1, y1)), _fixed((x2, y2))
            cv2.rectangle(canvas, start, end, GRAY, 1, cv2.LINE_AA, SHIFT)
        draw_lines(
            canvas, poses.keypoints[i], poses.skeleton, lines, width, visible
        )
        for k in np.flatnonzero(visible):
            center = _fixed(poses.keypoints[i, k])
            radius = _fixed((1.5 * width, 0))[0]
            cv2.circle(canvas, center, radius, dots[k], -1, cv2.LINE_AA, SHIFT)
            if ellipses and poses.sigmas is not None:
                cv2.ellipse(
                    canvas,
                    center,
                    _fixed(poses.sigmas[i, k]),
                    angle=0,
                    startAngle=0,
                    endAngle=360,
                    color=dots[k],
                    lineType=cv2.LINE_AA,
                    shift=SHIFT,
                )
    return canvas


def draw_lines(
    canvas: np.ndarray,
    points: np.ndarray,
    links: Sequence[tuple[int, int]],
    colors: Sequence[Color],
    width: int,
    visible: np.ndarray | None = None,
) -> None:
    """Draw the lines of a skeleton into an image.

    Args:
        canvas: The image (height, width, 3), 8 bits, which is changed.
        points: Keypoints (K, 2), pixels of the image.
        links: Pairs of keypoints to connect.
        colors: A colour for each link, in the image's order of channels.
        width: Width of a line, pixels.
        visible: Which keypoints are to be drawn, (K,); None for all.
    """
    for (a, b), color in zip(links, colors):
        if visible is None or (visible[a] and visible[b]):
            start, end = _fixed(points[a]), _fixed(points[b])
            cv2.line(canvas, start, end, color, width, cv2.LINE_AA, SHIFT)


def _fixed(point) -> tuple[int, int]:
    # Far outside any image, where OpenCV's whole numbers do not end yet.
    fixed = np.nan_to_num(np.asarray(point, np.float64)) * (1 << SHIFT)
    x, y = fixed.clip(-(2**26), 2**26).round()
    return int(x), int(y)


def _colors(poses: Poses) -> list[list[Color]]:
    """BGR colours of keypoints and lines; the model's, or a rainbow."""
    return [
        _rainbow(count)
        if given is None or len(given) != count
        else [(b, g, r) for r, g, b in given]
        for given, count in (
            (poses.keypoint_colors, len(poses.names)),
            (poses.skeleton_colors, len(poses.skeleton)),
        )
    ]


def _rainbow(count: int) -> list[Color]:
    if not count:
        return []
    hues = np.linspace(0, 180, count, endpoint=False).astype(np.uint8)
    hsv = np.stack([hues, *[np.full_like(hues, 255)] * 2], axis=-1)
    return cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0].tolist()
