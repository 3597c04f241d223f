"""Poses in images, videos and camera pictures, one picture after another."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import cv2

from .errors import UserValueError
from .few import few
from .frames import MediaError, Skipped, Source
from .metadata import is_for_research_only
from .outputs import Destination, Settings
from .overlap import overlapped
from .people import Finder, image_ids
from .poses import Estimator
from .results import Predicted
from .stages import Numbering, Stages, Work, reason, timed

__all__ = ['Prediction', 'Report']

# At most so many pictures are under way, in about so many bytes with what is
# drawn; but two always.
PICTURES = 16
MEMORY = 2**29


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
        seconds: Time of each part of the work. The parts overlap.
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

    def add(self, work: Work) -> None:
        """Count a picture that went through."""
        self.pictures += 1
        self.people += len(work.poses)
        self.empty += not len(work.poses)
        self.undrawn += work.undrawn
        self.boxes_left_out.update(work.left_out)
        for part, seconds in work.seconds.items():
            self.seconds[part] = self.seconds.get(part, 0.0) + seconds

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
        skipped = [f'{x.name}: {x.reason}' for x in self.skipped]
        if skipped:
            found.append(f'skipped: {few(skipped, between="; ")}.')
        left_out = [f'{n} ({why})' for why, n in self.boxes_left_out.items()]
        if left_out:
            found.append(f'boxes left out: {few(left_out, between="; ")}.')
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
        stages = Stages(
            self.finder, self.estimator, self.settings, self.numbering
        )
        pictures = overlapped(stages.read(self.source), stages.steps(), _room)
        image_id = image_ids(self.source, self.finder)
        with closing(pictures):
            for done in pictures:
                if isinstance(done, Skipped):
                    report.skipped.append(done)
                else:
                    self._add(done, image_id(done.frame))
                report.elapsed = time.perf_counter() - start
                if stopped():
                    break
                progress(report)
            else:
                report.complete = True
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
        license = self.estimator.about.get('license', '')
        if is_for_research_only(license):
            report.remarks.append(f'The license of the model: {license}.')
        if report.empty == report.pictures > 0:
            why = '' if report.boxes_left_out else f': {self.finder.nobody}'
            report.remarks.append(f'There is nobody in the pictures{why}.')
        elif report.empty:
            report.remarks.append(
                f'There is nobody in {report.empty} of the pictures.'
            )
        self.outputs.close(report.summary())

    def _add(self, work: Work, image_id: Any) -> None:
        """Write a picture and what was predicted of it."""
        report, frame, fault = self.report, work.frame, work.fault
        if work.drawn is not None:
            try:
                with timed(work.seconds, 'write'):
                    self.outputs.draw(frame, work.drawn)
            except (cv2.error, MemoryError, UserValueError) as error:
                fault = reason(error)
        if fault:
            fault = f'predicted, but not drawn: {fault}'
            report.skipped.append(Skipped(frame.name, fault, 0))
        given = work.people, work.poses, work.tracks
        with timed(work.seconds, 'write'):
            self.outputs.add(Predicted(frame, image_id, *given))
        report.add(work)


def _room(work: Work | Skipped) -> int:
    """How many pictures may be under way."""
    if isinstance(work, Skipped):
        return 2
    return max(2, min(PICTURES, MEMORY // (2 * work.frame.image.nbytes)))
