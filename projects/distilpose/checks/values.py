"""Checks of boxes, areas and keypoints, all people at once.

P: people. K: keypoints. Boxes are x, y, width, height; all in pixels.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .report import FEW, NEVER, Report

__all__ = [
    'LARGEST_AREA',
    'SMALLEST_AREA',
    'add_faults',
    'area_faults',
    'box_faults',
    'keypoint_faults',
    'sizes_of',
]

Fault = tuple[str, np.ndarray, float]
"""What is wrong, a mask (P,) of who has it, and the share of people from
which on it is an error."""

FAR_OUT = 0.25
"""The share of a box's width or height that may lie outside of its image."""

AROUND = 0.5
"""The share of a box's size around it where its keypoints may lie, too."""

LARGEST_AREA, SMALLEST_AREA = 1.5, 0.01
"""Shares of its box that the area of a person may have. COCO's are below 1,
but boxes are rounded."""


def add_faults(
    who: str, faults: Iterable[Fault], cases: Sequence[Any], report: Report
) -> None:
    """Report which of the cases, such as people's ids, have faults."""
    for what, mask, error_from in faults:
        found = [cases[i] for i in np.flatnonzero(mask)]
        report.add(f'{{}} {who} have {what}', found, len(cases), error_from)


def sizes_of(images: Iterable[dict[str, Any]]) -> np.ndarray:
    """Widths and heights (P, 2) of images; infinite where not known."""
    keys = ('width', 'height')
    return np.array(
        [[image.get(key) or math.inf for key in keys] for image in images]
    )


def box_faults(boxes: np.ndarray, sizes: np.ndarray) -> list[Fault]:
    """Check boxes (P, 4) in images of sizes (P, 2)."""
    near, size = boxes[:, :2], boxes[:, 2:]
    far = near + size
    return [
        (
            'a box (bbox) within 0..1: boxes are in pixels, and these look '
            'like shares of the image. Multiply them by its width and height.',
            (far <= 1).all(1),
            FEW,
        ),
        (
            'a box (bbox) that reaches far out of their image: it must be x, '
            'y, width, height, not two corners.',
            (np.maximum(-near, far - sizes) > FAR_OUT * size).any(1),
            NEVER,
        ),
    ]


def area_faults(areas: np.ndarray, boxes: np.ndarray) -> list[Fault]:
    """Check the areas (P,) of people in boxes (P, 4)."""
    share = areas / np.maximum(boxes[:, 2:].prod(1), 1e-6)
    return [
        (
            'an area that cannot be that of their box (bbox). AP takes it for '
            'the size of a person: if it is too small, AP stays at 0, if too '
            'large, it comes near 1. Write 0.53 times width times height of '
            'the box.',
            (share < SMALLEST_AREA) | (share > LARGEST_AREA),
            NEVER,
        ),
    ]


def keypoint_faults(
    keypoints: np.ndarray, boxes: np.ndarray, sizes: np.ndarray
) -> list[Fault]:
    """Check keypoints (P, K, 3) in boxes (P, 4) and image sizes (P, 2)."""
    places, visibility = keypoints[..., :2], keypoints[..., 2]
    finite = np.isfinite(places).all(-1)
    unknown = ((visibility > 0) & ~finite) | ~np.isfinite(visibility)
    seen = (visibility > 0) & finite
    outside = (places < 0) | (places > sizes[:, None])
    near, margin = boxes[:, None, :2], AROUND * boxes[:, None, 2:]
    far = near + boxes[:, None, 2:]
    inside = ((places >= near - margin) & (places <= far + margin)).all(-1)
    return [
        (
            'a visible keypoint, or a visibility, that is NaN, null or '
            'infinite. Give such keypoints visibility 0.',
            unknown.any(1),
            0,
        ),
        (
            'keypoints of negative visibility, which is taken as a negative '
            'weight.',
            (visibility < 0).any(1),
            NEVER,
        ),
        (
            'all their visible keypoints within 0..1: keypoints are in '
            'pixels, and these look like shares of the image.',
            seen.any(1) & ~(seen & (places > 1).any(-1)).any(1),
            FEW,
        ),
        (
            'labelled keypoints outside of their image.',
            (seen & outside.any(-1)).any(1),
            NEVER,
        ),
        (
            'no visible keypoint in or near their box (bbox): boxes and '
            'keypoints seem to be of different people, or boxes not to be x, '
            'y, width, height.',
            seen.any(1) & ~(seen & inside).any(1),
            FEW,
        ),
    ]
