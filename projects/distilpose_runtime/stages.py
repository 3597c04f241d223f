"""What is done with a picture, stage by stage.

Each stage keeps what it counts and how long it takes with the picture: others
are under way, some of which will never be finished.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from .drawing import draw
from .errors import UserValueError
from .follower import Follower
from .frames import Frame, Skipped, Source
from .outputs import Settings
from .people import Finder, People, choose
from .poses import Estimator, Poses

__all__ = ['Numbering', 'Stages', 'Work', 'reason', 'timed']

# From people and the time of their frame to their numbers, as `Tracker`.
Numbering = Callable[[People, float | None], np.ndarray]


@dataclass
class Work:
    """A picture and what is known of it so far.

    Attributes:
        frame: The picture.
        found: What the detector found, if it was its turn.
        people: Who is in it.
        poses: Their poses.
        numbers: Their numbers (N,) as the follower has them.
        tracks: Their numbers (N,) as a tracker has them, or None.
        drawn: The picture with the poses drawn in it.
        fault: Why there is none.
        undrawn: Of how many people every keypoint has too low a score to be
            drawn.
        left_out: How many boxes were left out, by the reason.
        seconds: Time of each part of the work.
    """

    frame: Frame
    found: People | None = None
    people: People = field(init=False)
    poses: Poses = field(init=False)
    numbers: np.ndarray = field(init=False)
    tracks: np.ndarray | None = None
    drawn: np.ndarray | None = None
    fault: str = ''
    undrawn: int = 0
    left_out: Counter = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)


@contextmanager
def timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    """Add the time of a part of the work."""
    start = time.perf_counter()
    try:
        yield
    finally:
        spent = time.perf_counter() - start
        seconds[part] = seconds.get(part, 0.0) + spent


class Stages:
    """The stages, each of which takes what the one before gave.

    A picture that a library cannot take becomes a ``Skipped``.

    Args:
        finder: Finds people in a picture.
        estimator: Finds their keypoints.
        settings: What is predicted and drawn.
        numbering: Gives people the numbers that they keep.
    """

    def __init__(
        self,
        finder: Finder,
        estimator: Estimator,
        settings: Settings,
        numbering: Numbering | None,
    ) -> None:
        self._finder, self._settings = finder, settings
        every = settings.detect_every
        # Where each picture stands for itself, nobody stays.
        most = settings.largest if every else 0
        self._follow = Follower(estimator, every or 1, most)
        self._numbering = numbering

    def read(self, source: Source) -> Iterator[Work | Skipped]:
        """Take the pictures of a source, as many as the settings say."""
        pictures, count = iter(source), 0
        while count != self._settings.limit:
            seconds: dict[str, float] = {}
            with timed(seconds, 'read'):
                found = next(pictures, None)
            if found is None:
                return
            if isinstance(found, Frame):
                count += 1
                yield Work(found, seconds=seconds)
            else:
                yield found

    def steps(self) -> list[Callable[[Work | Skipped], Work | Skipped]]:
        """What is done with a picture that was read, in this order."""
        steps = [self.find, self.pose]
        if self._settings.media:
            steps.append(self.draw)
        return [partial(_unless_skipped, step) for step in steps]

    def find(self, work: Work) -> None:
        """Look for people ahead of the poses, if it is the picture's turn."""
        if self._follow.is_due():
            work.found = self._search(work)

    def pose(self, work: Work) -> None:
        """Find the poses.

        Raises:
            ValueError: The model's numbers are not finite.
        """
        searched = work.seconds.get('people', 0.0)
        with timed(work.seconds, 'poses'):
            work.people, poses = self._follow(
                work.frame.image,
                lambda: work.found or self._search(work),
                due=work.found is not None,
            )
        work.seconds['poses'] -= work.seconds.get('people', 0.0) - searched
        sigmas = 0 if poses.sigmas is None else poses.sigmas
        numbers = poses.keypoints, poses.scores, sigmas
        if not all(np.isfinite(x).all() for x in numbers):
            raise UserValueError(
                'The model gives keypoints, scores or sigmas that are not '
                f'finite for {work.frame.name}. Its weights are damaged, or '
                'its precision is too low.'
            )
        work.poses, work.numbers = poses, self._follow.numbers
        if self._numbering is not None:
            with timed(work.seconds, 'people'):
                work.tracks = self._numbering(work.people, work.frame.time)

    def draw(self, work: Work) -> None:
        """Draw the poses, or say why that cannot be done."""
        try:
            with timed(work.seconds, 'draw'):
                work.drawn = self._draw(work)
        except (cv2.error, MemoryError) as error:
            work.fault = reason(error)

    def _search(self, work: Work) -> People:
        settings = self._settings
        with timed(work.seconds, 'people'):
            return choose(
                self._finder.find(work.frame, settings.box_threshold),
                work.frame.image,
                settings.box_threshold,
                settings.largest,
                work.left_out,
            )

    def _draw(self, work: Work) -> np.ndarray:
        settings, poses, numbers = self._settings, work.poses, work.tracks
        parts = settings.draw
        if parts is None:
            parts = ('poses', 'ids') if settings.track else ('poses',)
        if numbers is None and work.frame.time is not None:
            numbers = work.numbers
        threshold = settings.keypoint_threshold
        if 'poses' in parts:
            low = (poses.scores < threshold).all(axis=1)
            work.undrawn = int(low.sum())
        return draw(work.frame.image, poses, threshold, parts, numbers)


def reason(error: BaseException) -> str:
    """What a library could not do, in a line."""
    text = ' '.join(str(error).split())[:200]
    return text or 'there is not enough memory for it'


def _unless_skipped(
    step: Callable[[Work], None], work: Work | Skipped
) -> Work | Skipped:
    if isinstance(work, Skipped):
        return work
    try:
        step(work)
    except (cv2.error, MemoryError) as error:
        return Skipped(work.frame.name, reason(error))
    return work
