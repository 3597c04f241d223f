"""What a model predicts of an image."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

__all__ = ['Estimator', 'Poses']


@dataclass(frozen=True)
class Poses:
    """Keypoints of N people, in pixels of the image.

    Attributes:
        keypoints: Coordinates (N, K, 2), (x, y).
        scores: Confidence (N, K), about 0 to 1.
        sigmas: Standard deviations (N, K, 2) of the coordinates, (x, y), as
            the model predicts them or, of a calibrated file, as large as its
            errors were; None for a model without.
        boxes: The boxes that were given, (N, 4).
        names: The names of the K keypoints.
        skeleton: Pairs of keypoints that a line connects.
        keypoint_colors: An RGB colour for each keypoint, or None.
        skeleton_colors: An RGB colour for each line, or None.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    sigmas: np.ndarray | None
    boxes: np.ndarray
    names: list[str]
    skeleton: list[tuple[int, int]]
    keypoint_colors: list[tuple[int, int, int]] | None = None
    skeleton_colors: list[tuple[int, int, int]] | None = None

    def __len__(self) -> int:
        """The number of people."""
        return len(self.keypoints)


class Estimator(Protocol):
    """What finds keypoints in boxes, as ``PoseEstimator`` does.

    Attributes:
        about: What results say of the model.
        names: The names of the K keypoints.
        skeleton: Pairs of keypoints that a line connects.
    """

    about: dict[str, Any]
    names: list[str]
    skeleton: list[tuple[int, int]]

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> Poses: ...
