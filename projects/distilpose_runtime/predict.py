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
from .frames import Frame, MediaError, Skipped, Source
from .outputs import Destination, Settings
from .people import Finder, People, choose, few, image_ids
from .poses import Estimator, Poses

__all__ = ['Prediction', 'Report']

# From people and the time of their frame to their numbers, as `Tracker`.
Numbering = Callable[[People, float | None], np.ndarray]


@dataclass
class Report:
    """What has been done.

    Attributes:
        pictures: How many pictures went through.
        people: How many poses were predicted.
        empty: In how many pictures nobody was found.
        undrawn: Of how many of them every keypoint has too low a score to be
            drawn.
        skipped: What was no picture, or could not be used or drawn.
        boxes_left_out: How many boxes were left out, by the reason.
        remarks: What else a user should know, in sentences.
        seconds: Time of each part of the work.
        elapsed: All of the time, seconds.
        complete: Whether the source was gone through to its end.
    """

    pictures: int = 0
    people: int = 0
    empty: int = 0
    undrawn: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    boxes_left_out: Counter = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
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

    def speed(self) -> str:
        """Pictures a second, and where the time went."""
        rate = self.pictures / self.elapsed if self.elapsed else 0.0
        whole = sum(self.seconds.values()) or 1.0
        shares = ', '.join(
            f'{part} {seconds / whole:.0%}'
            for part, seconds in self.seconds.items()
        )
        return f'{rate:.1f} pictures/s ({shares})'

    def sentences(self) -> list[str]:
        """What was done, and what was not, to be read by the user."""
        found = [
            f'{self.pictures} picture{"s" * (self.pictures != 1)}, '
            f'{self.people} {"person" if self.people == 1 else "people"}, '
            f'{self.speed()}.'
        ]
        for what, items in (
            ('skipped', [f'{x.name}: {x.reason}' for x in self.skipped]),
            (
                'boxes left out',
                [f'{n} ({why})' for why, n in self.boxes_left_out.items()],
            ),
        ):
            if items:
                found.append(f'{what}: {few(items)}.')
        if self.undrawn:
            found.append(
                f'Of {self.undrawn} of them no keypoint is drawn: the scores '
                'are all below --keypoint-threshold.'
            )
        return found + self.remarks

    def summary(self) -> dict[str, Any]:
        """Give what the results say of the run at its end."""
        return dict(
            pictures=self.pictures,
            people=self.people,
            skipped=[item._asdict() for item in self.skipped],
            boxes_left_out=dict(self.boxes_left_out),
            remarks=self.remarks,
            seconds=round(self.elapsed, 3),
            complete=self.complete,
        )


@dataclass
class Prediction:
    """Predicts the poses in all pictures of a source.

    Args:
        source: The pictures.
        finder: Finds people in a picture.
        estimator: Finds their keypoints.
        outputs: Where predictions go.
        settings: What is predicted and drawn.
        numbering: Gives people the numbers that they keep.

    Attributes:
        report: Filled in after each picture, and right even if it raises.
    """

    source: Source
    finder: Finder
    estimator: Estimator
    outputs: Destination
    settings: Settings
    numbering: Numbering | None = None
    report: Report = field(init=False, default_factory=Report)

    def __post_init__(self) -> None:
        self._image_id = image_ids(self.source, self.finder)

    def run(
        self,
        stopped: Callable[[], bool] = lambda: False,
        progress: Callable[[Report], None] = lambda report: None,
    ) -> None:
        """Go through all pictures.

        Args:
            stopped: Asked after each picture whether to end.
            progress: Called after each picture.

        Raises:
            OSError: An output cannot be written.
            MediaError: There was no picture that can be read.
            ValueError: The model's numbers are not finite.
        """
        report, start = self.report, time.perf_counter()
        pictures = iter(self.source)
        while True:
            with report.timed('read'):
                found = next(pictures, None)
            if isinstance(found, Frame):
                self._add(found)
            elif found is not None:
                report.skipped.append(found)
            report.elapsed = time.perf_counter() - start
            report.complete = (
                found is None or report.pictures == self.settings.limit
            )
            if report.complete or stopped():
                break
            progress(report)
        if not report.pictures and report.complete:
            raise MediaError(
                f'"{self.settings.source}" has no picture that can be read.'
            )

    def close(self) -> None:
        """End the outputs, and complete the report.

        Raises:
            OSError: An output cannot be written.
        """
        report = self.report
        report.boxes_left_out.update(self.finder.left_out)
        report.remarks += [
            *self.source.remarks,
            *self.finder.remarks(),
            *self.outputs.remarks(),
        ]
        if report.empty == report.pictures > 0:
            why = '' if report.boxes_left_out else f': {self.finder.nobody}'
            report.remarks.append(f'There is nobody in the pictures{why}.')
        elif report.empty:
            report.remarks.append(
                f'There is nobody in {report.empty} of the pictures.'
            )
        self.outputs.close(report.summary())

    def _add(self, frame: Frame) -> None:
        """Predict a picture; one that a library cannot take is skipped."""
        report = self.report
        try:
            people, poses, tracks = self._predict(frame)
        except (cv2.error, MemoryError) as error:
            report.skipped.append(Skipped(frame.name, _reason(error)))
            return
        if self.settings.media:
            try:
                with report.timed('draw'):
                    drawn = self._draw(frame, poses, tracks)
                with report.timed('write'):
                    self.outputs.draw(frame, drawn)
            except (cv2.error, MemoryError, UserValueError) as error:
                reason = f'predicted, but not drawn: {_reason(error)}'
                report.skipped.append(Skipped(frame.name, reason, 0))
        with report.timed('write'):
            image_id = self._image_id(frame)
            self.outputs.results.add(frame, image_id, people, poses, tracks)
        report.pictures += 1
        report.people += len(poses)
        report.empty += not len(poses)

    def _predict(
        self, frame: Frame
    ) -> tuple[People, Poses, np.ndarray | None]:
        settings, tracks = self.settings, None
        with self.report.timed('people'):
            people = choose(
                self.finder.find(frame, settings.box_threshold),
                frame.image,
                settings.box_threshold,
                settings.largest,
                self.report.boxes_left_out,
            )
            if self.numbering is not None:
                tracks = self.numbering(people, frame.time)
        with self.report.timed('poses'):
            poses = self.estimator(frame.image, people.boxes)
        sigmas = 0 if poses.sigmas is None else poses.sigmas
        numbers = poses.keypoints, poses.scores, sigmas
        if not all(np.isfinite(x).all() for x in numbers):
            raise UserValueError(
                'The model gives keypoints, scores or sigmas that are not '
                f'finite for {frame.name}. Its weights are damaged, or its '
                'precision is too low.'
            )
        return people, poses, tracks

    def _draw(
        self,
        frame: Frame,
        poses: Poses,
        tracks: np.ndarray | None,
    ) -> np.ndarray:
        settings = self.settings
        parts = settings.draw
        if parts is None:
            parts = ('poses', 'ids') if settings.track else ('poses',)
        numbers = tracks
        if tracks is None and frame.time is not None and 'ids' not in parts:
            # Their order changes in a film, and so would their colours.
            numbers = np.full(len(poses), -1)
        threshold = settings.keypoint_threshold
        if 'poses' in parts:
            low = (poses.scores < threshold).all(axis=1)
            self.report.undrawn += int(low.sum())
        return draw(frame.image, poses, threshold, parts, numbers)


def _reason(error: BaseException) -> str:
    text = ' '.join(str(error).split())[:200]
    return text or 'there is not enough memory for it'
