"""People followed through a film by their poses.

A detector takes much longer than the poses of a few people. So it looks for
people now and then; in between, their boxes move as their keypoints do.

N: people. K: keypoints. Boxes are (x1, y1, x2, y2), pixels of the picture.
"""

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

import numpy as np

from .errors import UserValueError
from .people import People
from .poses import Poses

__all__ = ['DETECTIONS', 'Follower', 'matched']

# How often a second of film to look for people, unless a user says otherwise:
# at 30 frames a second, in every eighth. docs/predict.md has the measurement.
DETECTIONS = 4

# Someone is lost if the scores of the keypoints fall below this share of what
# they were when a detector found the person,
SCORE = 0.7
# if the IoU of a box with that of the frame before is below this,
STEP = 0.6
# if of two areas of the box, then and now, or of what of it is in the picture,
# one is less than this share of the other,
AREA = 0.4
# or if the IoU of two people's boxes is above this.
SAME = 0.8
# With version 0.2's model, in none of 370 cases with nobody lost the first
# two were so; in 94 to 100 of 100 with the person gone, after a cut, one was.

# A detection is of a person already known if the IoU of its box and theirs is
# at least this.
KNOWN = 0.3


class _Found(NamedTuple):
    """What a detector found, and the poses of it."""

    people: People
    poses: Poses


class Follower:
    """Finds the people in each frame of a film, and their poses.

    A detector looks for people in every N-th frame, and in a frame where
    someone is lost: the scores fall, the box jumps, shrinks, grows or leaves
    the picture, two boxes become one, or the frame has another
    size. In other frames, the box of a person is the one that the detector
    gave, moved and scaled as the keypoints have moved and spread since then.
    Who enters is found by the next detection::

        detector, model = Detector(), PoseEstimator('student.onnx')
        follow = Follower(model, every=8)
        for image in film:
            people, poses = follow(image, partial(detector, image))

    Args:
        estimator: Finds keypoints, from an image and boxes, as a
            ``PoseEstimator`` does.
        every: How many frames there are from one detection to the next.

    Attributes:
        numbers: Numbers (N,) of the people in the last frame, for ``draw``.
            People keep theirs from frame to frame while their boxes overlap;
            who is new gets the lowest that is free.

    Raises:
        ValueError: ``every`` is below 1.
    """

    def __init__(
        self,
        estimator: Callable[[np.ndarray, np.ndarray], Poses],
        every: int = 1,
    ) -> None:
        if every < 1:
            raise UserValueError(f'every is {every}, expected 1 or more.')
        self.every = every
        self._estimator = estimator
        self._count = 0
        self._start: _Found | None = None
        self.numbers = np.empty(0, int)
        self._boxes = np.empty((0, 4), np.float32)
        self._shape: tuple[int, ...] = ()

    def is_due(self) -> bool:
        """Whether a detector has to look at the next frame; ask once a frame.

        A caller that asks may run the detector ahead of the poses.
        """
        self._count += 1
        return (self._count - 1) % self.every == 0

    def __call__(
        self,
        image: np.ndarray,
        find: Callable[[], tuple[np.ndarray, np.ndarray]],
        due: bool | None = None,
    ) -> tuple[People, Poses]:
        """Find the people in the next frame, and their poses.

        Args:
            image: The frame (height, width, 3), BGR, 8 bits.
            find: Gives the boxes (N, 4) and scores (N,) of the people in the
                frame, as a ``Detector`` does. It is called where needed.
            due: What ``is_due`` said of the frame, if it was asked.

        Returns:
            The people, and their poses. Who is followed keeps the score that
            the detector gave.
        """
        if due is None:
            due = self.is_due()
        start = self._start
        if not due and start is not None and image.shape == self._shape:
            poses = self._estimator(image, self._boxes)
            boxes = _moved(start, poses)
            after = _clipped(boxes, image)
            if not _is_lost(start, poses, boxes, self._boxes, after):
                people = People(self._boxes, start.people.scores)
                self._boxes = after
                return people, poses
        people = People(*find())
        poses = self._estimator(image, people.boxes)
        given = matched(people.boxes, self._boxes)
        self.numbers = _numbered(given, self.numbers)
        self._start, self._boxes = _Found(people, poses), people.boxes
        self._shape = image.shape
        return people, poses


def _moved(start: _Found, poses: Poses) -> np.ndarray:
    """Where the boxes of the start are by now, (N, 4).

    A box keeps its place relative to the keypoints: to their mean, and in
    units of their spread in x and in y. Surer keypoints count for more.
    """
    weights = (start.poses.scores * poses.scores).clip(1e-6)[..., None]
    weights = weights / weights.sum(1, keepdims=True)
    corners = start.people.boxes.reshape(-1, 2, 2)
    # A tenth of the box is added to the spreads, so that one which is small,
    # as the width of a person seen from the side, does not decide.
    least = ((corners[:, 1] - corners[:, 0]) / 10) ** 2
    means, spreads = [], []
    for points in (start.poses.keypoints, poses.keypoints):
        mean = (weights * points).sum(1, keepdims=True)
        means.append(mean)
        spread = (weights * (points - mean) ** 2).sum(1) + least
        spreads.append(np.sqrt(spread)[:, None])
    moved = means[1] + (corners - means[0]) * spreads[1] / spreads[0]
    return moved.reshape(-1, 4).astype(np.float32)


def matched(boxes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which of the boxes (M, 4) of a frame before each box (N, 4) is, (N,).

    Those that overlap most are matched first; -1 says that a box is new.
    """
    ious, given = _ious(boxes, known), np.full(len(boxes), -1)
    while ious.size and ious.max() >= KNOWN:
        i, j = np.unravel_index(ious.argmax(), ious.shape)
        given[i] = j
        ious[i], ious[:, j] = 0, 0
    return given


def _numbered(given: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Numbers (N,) of people, from those (M,) of whom they are matched to."""
    found = np.append(numbers, -1)[given]
    free = (x for x in count() if x not in found)
    for i in np.flatnonzero(found < 0):
        found[i] = next(free)
    return found


def _is_lost(
    start: _Found,
    poses: Poses,
    boxes: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
) -> bool:
    """Whether there is someone whose pose is no longer to be trusted.

    Args:
        start: What a detector found.
        poses: The poses by now, in the boxes ``before``.
        boxes: Where ``_moved`` puts the boxes then.
        before: The part of the boxes in the picture, a frame before.
        after: The part of the boxes in the picture.
    """
    first, now = _areas(start.people.boxes), _areas(boxes)
    seen = np.minimum(_areas(after), first)
    return bool(
        (poses.scores.mean(1) < SCORE * start.poses.scores.mean(1)).any()
        or (seen <= AREA * np.maximum(first, now)).any()
        or (np.diag(_ious(after, before)) < STEP).any()
        or (np.tril(_ious(boxes, boxes), -1) > SAME).any()
    )


def _clipped(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    return boxes.clip(0, np.tile(image.shape[1::-1], 2)).astype(np.float32)


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).clip(0).prod(-1)


def _ious(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union of all boxes with all others, (N, M)."""
    low = np.maximum(one[:, None, :2], other[:, :2])
    high = np.minimum(one[:, None, 2:], other[:, 2:])
    common = _areas(np.concatenate([low, high], -1))
    union = _areas(one)[:, None] + _areas(other) - common
    return common / union.clip(1e-6)
