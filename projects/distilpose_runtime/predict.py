"""Poses in images, videos and camera pictures, one picture after another."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from .drawing import draw
from .errors import UserValueError
from .frames import Frame, Skipped, Source
from .outputs import Outputs
from .people import Finder, People, choose
from .poses import Poses

__all__ = ['Estimator', 'Report', 'Settings', 'predict']

# From a picture and boxes (N, 4) to poses of N people, as `PoseEstimator`.
Estimator = Callable[[np.ndarray, np.ndarray], Poses]
# From people and the time of their frame to their numbers, as `Tracker`.
Numbering = Callable[[People, float | None], np.ndarray]


@dataclass
class Settings:
    """What is predicted and drawn.

    Attributes:
        box_threshold: People of lower scores are left out.
        keypoint_threshold: Keypoints of lower scores are not drawn.
        largest: Of each picture, take so many people, those with the largest
            boxes; None for all.
        limit: End after so many pictures; None for none.
    """

    box_threshold: float = 0.35
    keypoint_threshold: float = 0.3
    largest: int | None = None
    limit: int | None = None


@dataclass
class Report:
    """What has been done.

    Attributes:
        pictures: How many pictures went through.
        people: How many poses were predicted.
        undrawn: Of how many of them every keypoint has too low a score to be
            drawn.
        skipped: What was no picture.
        boxes_left_out: How many boxes showed nothing, by what is wrong.
        seconds: Time of each part of the work.
        elapsed: All of the time, seconds.
        complete: Whether the source was gone through to its end.
    """

    pictures: int = 0
    people: int = 0
    undrawn: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    boxes_left_out: Counter = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    elapsed: float = 0.0
    complete: bool = False

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the time of a part of the work."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[part] = self.seconds.get(part, 0.0) + spent

    def summary(self) -> dict[str, Any]:
        """Give what the results say of the run at its end."""
        return dict(
            pictures=self.pictures,
            people=self.people,
            skipped=[item._asdict() for item in self.skipped],
            boxes_left_out=dict(self.boxes_left_out),
            seconds=round(self.elapsed, 3),
            complete=self.complete,
        )


def predict(
    source: Source,
    finder: Finder,
    estimator: Estimator,
    outputs: Outputs,
    image_id: Callable[[Frame], Any],
    settings: Settings,
    report: Report,
    numbering: Numbering | None = None,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[Report], None] = lambda report: None,
) -> None:
    """Predict the poses in all pictures of a source.

    Args:
        source: The pictures.
        finder: Finds people in a picture.
        estimator: Finds their keypoints.
        outputs: Where predictions go.
        image_id: Gives the number of a picture in the results.
        settings: What is predicted and drawn.
        report: Filled in after each picture, and right even if this function
            raises.
        numbering: Gives people the numbers that they keep.
        stopped: Asked after each picture whether to end.
        progress: Called after each picture.

    Raises:
        OSError: An output cannot be written.
        MediaError: A camera is gone.
    """
    start = time.perf_counter()
    pictures = iter(source)
    while True:
        with report.timed('read'):
            found = next(pictures, None)
        if isinstance(found, Frame):
            _predict_frame(
                *(found, finder, estimator, outputs, image_id),
                *(settings, report, numbering),
            )
        elif found is not None:
            report.skipped.append(found)
        report.elapsed = time.perf_counter() - start
        report.complete = found is None or report.pictures == settings.limit
        if report.complete or stopped():
            return
        progress(report)


def _predict_frame(
    frame: Frame,
    finder: Finder,
    estimator: Estimator,
    outputs: Outputs,
    image_id: Callable[[Frame], Any],
    settings: Settings,
    report: Report,
    numbering: Numbering | None,
) -> None:
    with report.timed('people'):
        people = choose(
            finder(frame, settings.box_threshold),
            *(frame.image, settings.box_threshold, settings.largest),
            report.boxes_left_out,
        )
        tracks = None if numbering is None else numbering(people, frame.time)
    with report.timed('poses'):
        poses = estimator(frame.image, people.boxes)
    sigmas = 0 if poses.sigmas is None else poses.sigmas
    numbers = poses.keypoints, poses.scores, sigmas
    if not all(np.isfinite(x).all() for x in numbers):
        raise UserValueError(
            'The model gives keypoints, scores or sigmas that are not finite '
            f'for {frame.name}. Its weights are damaged, or its precision is '
            'too low.'
        )
    if outputs.media is not None:
        with report.timed('draw'):
            drawn = draw(frame.image, poses, settings.keypoint_threshold)
            low = (poses.scores < settings.keypoint_threshold).all(axis=1)
            report.undrawn += int(low.sum())
            if tracks is not None:
                _draw_numbers(drawn, people, tracks)
        with report.timed('write'):
            outputs.media.write(frame, drawn)
    with report.timed('write'):
        outputs.add(frame, image_id(frame), people, poses, tracks)
    report.pictures += 1
    report.people += len(poses)


def _draw_numbers(
    image: np.ndarray, people: People, tracks: np.ndarray
) -> None:
    scale = max(0.5, image.shape[0] / 1000)
    for box, number in zip(people.boxes, tracks):
        if number >= 0:
            x, y = (round(float(value)) for value in box[:2])
            place = (x + 2, max(y, 0) + round(24 * scale))
            # Black below white can be read on any picture.
            for color, width in ((0, 4), (255, 1)):
                cv2.putText(
                    *(image, str(number), place, cv2.FONT_HERSHEY_SIMPLEX),
                    *(scale, (color,) * 3, round(width * scale) or 1),
                    cv2.LINE_AA,
                )
