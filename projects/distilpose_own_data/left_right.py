"""Whether left and right look exchanged, in some people or in a whole file.

P: people. K: keypoints.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from distilpose.checks.report import NEVER, Report
from distilpose.keypoints.names import split

__all__ = ['check_sides']

Item = dict[str, Any]

TRUNK = ('shoulder', 'hip')
CLEAR = 0.15
"""Share of a box's size that two keypoints of a trunk are apart at least."""

OPPOSITE = -0.7
"""Cosine below which two vectors point against each other."""

ENOUGH = 10
"""How many faces tell of a whole file."""


def check_sides(
    people: Sequence[Item], names: Sequence[str], report: Report
) -> None:
    """Look at what cannot be in a body, however it is turned.

    - Seen from the front, the nose lies on one side of the line from the
      right to the left eye: turning a photo does not change which.
    - From the left to the right shoulder and from the left to the right hip
      go about the same way.

    Args:
        people: Annotations in COCO format.
        names: Names of the keypoints.
        report: Told whose left and right look exchanged.
    """
    if not people:
        return
    keypoints = np.array([p['keypoints'] for p in people], float)
    keypoints = keypoints.reshape(len(people), -1, 3)
    sizes = np.array([max(p['bbox'][2:]) for p in people])
    index = {split(name): i for i, name in enumerate(names)}
    faces = _faces(keypoints, index)
    clear = np.isfinite(faces) & (abs(faces) > 0.3)
    mirrored = clear & (faces < 0)
    if clear.sum() >= ENOUGH and mirrored.sum() > 0.8 * clear.sum():
        report.warnings.append(
            f'Left and right look exchanged in the whole file: of '
            f'{clear.sum()} faces, {mirrored.sum()} are those of mirror '
            'images. "Left" must be the left of the person, not of the photo.'
        )
        mirrored[:] = False
    twisted = _twisted(keypoints, sizes, index)
    report.add(
        '{} people have left and right exchanged in part, or are twisted.',
        [
            f'annotation {people[i]["id"]}'
            for i in np.where(mirrored | twisted)[0]
        ],
        len(people),
        NEVER,
    )


def _sided(index: dict[Any, int], word: str) -> tuple[int, int] | None:
    """Left and right keypoint of a name."""
    found = [index.get((side, word)) for side in ('left', 'right')]
    return None if None in found else (found[0], found[1])  # type: ignore


def _faces(keypoints: np.ndarray, index: dict[Any, int]) -> np.ndarray:
    """Sine of the angle from the eyes to the nose (P,); below 0 mirrored.

    NaN where one of them is not visible.
    """
    eyes, nose = _sided(index, 'eye'), index.get(('', 'nose'))  # type: ignore
    if eyes is None or nose is None:
        return np.full(len(keypoints), np.nan)
    left, right, tip = (keypoints[:, i] for i in (*eyes, nose))
    seen = (left[:, 2] > 1) & (right[:, 2] > 1) & (tip[:, 2] > 1)
    across = (left - right)[:, :2]
    down = (tip - (left + right) / 2)[:, :2]
    cross = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
    length = np.linalg.norm(across, axis=1) * np.linalg.norm(down, axis=1)
    return np.where(
        seen & (length > 0), cross / np.maximum(length, 1e-9), np.nan
    )


def _twisted(
    keypoints: np.ndarray, sizes: np.ndarray, index: dict[Any, int]
) -> np.ndarray:
    """Whose shoulders and hips point against each other, (P,) bool."""
    vectors: list[np.ndarray] = []
    long = np.ones(len(keypoints), bool)
    for word in TRUNK:
        pair = _sided(index, word)
        if pair is None:
            return np.zeros(len(keypoints), bool)
        left, right = keypoints[:, pair[0]], keypoints[:, pair[1]]
        vector = (left - right)[:, :2]
        long &= (left[:, 2] > 0) & (right[:, 2] > 0)
        long &= np.linalg.norm(vector, axis=1) > CLEAR * sizes
        vectors.append(vector)
    dot = (vectors[0] * vectors[1]).sum(1)
    lengths = np.linalg.norm(vectors[0], axis=1) * np.linalg.norm(
        vectors[1], axis=1
    )
    return long & (dot < OPPOSITE * lengths)
