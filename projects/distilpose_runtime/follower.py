"""People followed through a video by their poses.

A detector takes much longer than the poses of a few people. So it looks for
people now and then; in between, their boxes move as their keypoints do.

N: people. K: keypoints. Boxes are (x1, y1, x2, y2), pixels of the picture.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import NamedTuple

import numpy as np

from .errors import UserValueError
from .people import People
from .poses import Poses

__all__ = ['DETECTIONS', 'Follower', 'matched']

# How often a second of video to look for people, unless a user says otherwise:
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
# With distilpose-body17 and people cut out of photos, one of these was so in 4
# of 3,133 cases with nobody lost, and in 902 of 910 with the frame replaced by
# another photo; with panned photos of crowds, in 142 of 4,958 and in 2,065 of
# 2,225.

# A detection is of a person already known if the IoU of its box and theirs is
# at least this.
KNOWN = 0.3


class _Start(NamedTuple):
    """A person as a detection found them.

    Attributes:
        box: The box (4,).
        score: How sure the detector was.
        keypoints: The keypoints (K, 2) in this box.
        scores: Their scores (K,).
        was_missed: Whether the detection after that one missed the person.
    """

    box: np.ndarray
    score: float
    keypoints: np.ndarray
    scores: np.ndarray
    was_missed: bool = False


class Follower:
    """Finds the people in each frame of a video, and their poses.

    A detector looks for people in every N-th frame, and in a frame where
    someone is lost: the scores fall, the box jumps, shrinks, grows or leaves
    the picture, two boxes become one, or the frame has another
    size. In other frames, the box of a person is the one that the detector
    gave, moved and scaled as the keypoints have moved and spread since then.
    Who enters is found by the next detection. Whom one detection misses stays
    if nobody found covers the box and the pose is not lost, unless half of
    those missed are lost, as after a cut. Whom the next one misses is gone::

        detector, model = Detector(), PoseEstimator('student.onnx')
        follow = Follower(model, every=8)
        for image in video:
            people, poses = follow(image, partial(detector, image))

    Args:
        estimator: Finds keypoints, from an image and boxes, as a
            ``PoseEstimator`` does.
        every: How many frames there are from one detection to the next.
        most: Whom a detection misses stays only while there are no more
            people than this, with those it finds. By default, there may be
            any number.

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
        most: int | None = None,
    ) -> None:
        if every < 1:
            raise UserValueError(f'every is {every}, expected 1 or more.')
        self.every = every
        self._estimator, self._most = estimator, most
        self._count = count()
        self._starts: list[_Start] = []
        self.numbers = np.empty(0, int)
        self._boxes = np.empty((0, 4), np.float32)
        self._shape: tuple[int, ...] = ()

    def is_due(self) -> bool:
        """Whether a detector has to look at the next frame; ask once a frame.

        A caller that asks may run the detector ahead of the poses.
        """
        return next(self._count) % self.every == 0

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
        if image.shape != self._shape:
            due, self._starts, self._shape = True, [], image.shape
        if not due:
            poses = self._estimator(image, self._boxes)
            boxes, lost = _followed(self._starts, poses, image)
            if not lost.any():
                people = People(self._boxes, _scores(self._starts))
                self._boxes = boxes
                return people, poses
        return self._detected(image, People(*find()))

    def _detected(
        self, image: np.ndarray, found: People
    ) -> tuple[People, Poses]:
        """Start anew, from what is found and from whom it misses once."""
        n = len(found.boxes)
        places = None if self._most is None else max(0, self._most - n)
        covered = (_ious(self._boxes, found.boxes) >= KNOWN).any(1)
        missed = [
            i
            for i, x in enumerate(self._starts)
            if not x.was_missed and not covered[i]
        ][:places]
        boxes = np.concatenate([found.boxes, self._boxes[missed]])
        poses = self._estimator(image, boxes)
        parts = found.boxes, found.scores, poses.keypoints, poses.scores
        starts = [_Start(*x) for x in zip(*parts)]
        starts += [self._starts[i]._replace(was_missed=True) for i in missed]
        after, lost = _followed(starts, poses, image)
        lost[:n] = False
        if 2 * lost.sum() >= len(missed):  # as after a cut
            lost[n:] = True
        given = np.array([*matched(found.boxes, self._boxes), *missed], int)
        keep = np.flatnonzero(~lost)
        self.numbers = _numbered(given[keep], self.numbers)
        self._starts, self._boxes = [starts[i] for i in keep], after[keep]
        return People(boxes[keep], _scores(self._starts)), _only(poses, keep)


def _scores(starts: list[_Start]) -> np.ndarray:
    return np.array([x.score for x in starts])


def _only(poses: Poses, keep: np.ndarray) -> Poses:
    """Some of the poses."""
    return replace(
        poses,
        keypoints=poses.keypoints[keep],
        scores=poses.scores[keep],
        sigmas=None if poses.sigmas is None else poses.sigmas[keep],
        boxes=poses.boxes[keep],
    )


def _followed(
    starts: list[_Start], poses: Poses, image: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where people are by now, and who of them is lost.

    Args:
        starts: The people as a detector found them.
        poses: Their poses by now, in the boxes of a frame before.
        image: The picture.

    Returns:
        The part of their boxes in the picture, (N, 4), and whether the pose
        is no longer to be trusted, (N,).
    """
    first = np.reshape([x.box for x in starts], (-1, 4))
    sure = np.reshape([x.scores for x in starts], poses.scores.shape)
    points = np.reshape([x.keypoints for x in starts], poses.keypoints.shape)
    boxes = _moved(first, points, poses.keypoints, sure * poses.scores)
    after = boxes.clip(0, np.tile(image.shape[1::-1], 2)).astype(np.float32)
    then, now = _areas(first), _areas(boxes)
    seen = np.minimum(_areas(after), then)
    lost = (
        (poses.scores.mean(1) < SCORE * sure.mean(1))
        | (seen <= AREA * np.maximum(then, now))
        | (np.diag(_ious(after, poses.boxes)) < STEP)
        | (np.tril(_ious(boxes, boxes), -1) > SAME).any(1)
    )
    return after, lost


def _moved(
    boxes: np.ndarray, first: np.ndarray, now: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Where boxes (N, 4) are by now, (N, 4).

    A box keeps its place relative to the keypoints, (N, K, 2), first and now:
    to their mean, and in units of their spread in x and in y. Surer keypoints
    count for more, by the weights (N, K).
    """
    weights = weights.clip(1e-6)[..., None]
    weights = weights / weights.sum(1, keepdims=True)
    corners = boxes.reshape(-1, 2, 2)
    # A tenth of the box is added to the spreads, so that one which is small,
    # as the width of a person seen from the side, does not decide.
    least = ((corners[:, 1:] - corners[:, :1]) / 10) ** 2
    points = np.stack([first, now])
    means = (weights * points).sum(2, keepdims=True)
    spreads = (weights * (points - means) ** 2).sum(2, keepdims=True)
    spreads = np.sqrt(spreads + least)
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


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).clip(0).prod(-1)


def _ious(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Intersection over union of all boxes with all others, (N, M)."""
    low = np.maximum(one[:, None, :2], other[:, :2])
    high = np.minimum(one[:, None, 2:], other[:, 2:])
    common = _areas(np.concatenate([low, high], -1))
    union = _areas(one)[:, None] + _areas(other) - common
    return common / union.clip(1e-6)
