"""Whether left and right look exchanged.

P: people.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from distilpose.checks.report import NEVER, Report
from distilpose_runtime.keypoint_names import Name, split

__all__ = ['check_faces']

FACE = (Name('left', 'eye'), Name('right', 'eye'), Name('', 'nose'))

CLEAR = 0.3
"""Sine of the angle at the eyes from which a face is seen from the front."""


def check_faces(
    people: Sequence[dict[str, Any]], names: Sequence[str], report: Report
) -> None:
    """Look for faces that are those of mirror images.

    Seen from the front, the nose lies on one side of the line from the right
    to the left eye, however the photo is turned.

    Args:
        people: Annotations in COCO format.
        names: Names of the keypoints.
        report: Who looks mirrored is added here.
    """
    index = {split(name): i for i, name in enumerate(names)}
    if not people or not all(part in index for part in FACE):
        return
    keypoints = np.array([p['keypoints'] for p in people], float)
    keypoints = keypoints.reshape(len(people), -1, 3)
    face = keypoints[:, np.array([index[part] for part in FACE])]
    left, right, nose = face[..., :2].swapaxes(0, 1)
    across, down = left - right, nose - (left + right) / 2
    cross = across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]
    lengths = np.linalg.norm(across, axis=1) * np.linalg.norm(down, axis=1)
    seen = (face[..., 2] > 1).all(1)
    clear = seen & (abs(cross) > CLEAR * lengths)
    report.add(
        '{} faces seen from the front are those of mirror images: left and '
        'right look exchanged. "Left" must be the left of the person, not of '
        'the photo.',
        [
            f'annotation {people[i]["id"]}'
            for i in np.where(clear & (cross < 0))[0]
        ],
        int(clear.sum()),
        NEVER,
    )
