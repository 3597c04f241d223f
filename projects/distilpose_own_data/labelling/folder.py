"""The folder that labels are written to.

- ``labels.json``: COCO's keypoint format; written when all is labelled.
- ``images/``: the photos, or the frames of the video.
- ``.label/``: the teacher's output so far, a journal for each part.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from distilpose_runtime.downloads import file_sha256
from distilpose_runtime.errors import UserFileExistsError, UserValueError
from distilpose_runtime.files import written_whole
from distilpose_runtime.frames import Frame
from distilpose_runtime.images import write_image
from distilpose_runtime.parts import Part, Parts
from distilpose_runtime.results import Predicted

from .coco import Tally, coco_text, labels_of
from .journal import END, Journal, has_ended, pictures_of

__all__ = ['LabelFolder', 'opened']

Item = dict[str, Any]


class LabelFolder:
    """Keeps what a ``Prediction`` finds; stands for its ``Outputs``.

    Args:
        folder: The folder, new or begun by the same command.
        begun: The teacher, the source and the settings.
        photos: The folder that names of photos are relative to; None for the
            frames of a video, which are written.
        parts: The part of the work that is ours, which is held.

    Attributes:
        done: Names of the pictures that were labelled before.
        is_done: Whether our part is.

    Raises:
        ValueError: The folder was begun with other settings.
        FileExistsError: It holds labels that were edited.
        OSError: It cannot be written.
    """

    def __init__(
        self, folder: Path, begun: Item, photos: Path | None, parts: Parts
    ) -> None:
        self.folder = folder
        self.file = folder / 'labels.json'
        self._photos = photos
        self._parts = parts
        # As JSON gives it back: a tuple becomes a list.
        self._begun = json.loads(json.dumps(begun, default=str))
        with parts.together():
            self._expect_unedited()
            self._begin()
            self._was_complete = self._complete()
        self.done = {
            name for journal in self._journals() for name in journal.places
        }
        self._journal = Journal(parts.file('.jsonl'))
        self.is_done = self._was_complete or self._journal.complete

    def add(self, found: Predicted) -> None:
        """Keep a picture and its people.

        Raises:
            OSError: The folder cannot be written. What was added before stays.
        """
        frame, people, poses = found.frame, found.people, found.poses
        place = self.folder / 'images' / frame.name
        if self._photos is None:
            write_image(place, frame.image)
        else:
            _link(self._photos / frame.name, place)
        picture: Item = frame.entry()
        columns = [poses.keypoints, poses.scores[..., None]]
        columns += [] if poses.sigmas is None else [poses.sigmas]
        values = np.concatenate(columns, axis=-1)
        picture['people'] = [
            dict(
                box=_plain(box, 2),
                score=round(float(score), 5),
                keypoints=_plain(x, 4),
            )
            for box, score, x in zip(people.boxes, people.scores, values)
        ]
        self._journal.add(picture)

    def draw(self, frame: Frame, image: np.ndarray) -> None:
        """Do nothing: no picture is drawn."""

    def remarks(self) -> list[str]:
        return []

    def close(self, info: Item) -> None:
        """Write down the end, if it was reached."""
        if info['complete'] and not self._journal.complete:
            self._journal.add(END)

    def labels(self, sure: float, unsure: float) -> Tally | None:
        """Write the labels if all parts are there, and count them.

        Raises:
            ValueError: There is nobody, or the teacher is sure of nothing.
            OSError: The file cannot be written.
        """
        with self._parts.together():
            if not self._complete():
                return None
            # One part writes it anew, for other confidences.
            others = self._was_complete and self._parts.part[0] > 1
            if others and self.file.exists():
                return None
            journals = self._journals()
            content, tally = labels_of(
                self._begun, lambda: pictures_of(journals), sure, unsure
            )
            with written_whole(self.file) as partial:
                with open(
                    partial, 'w', encoding='utf-8', errors='backslashreplace'
                ) as file:
                    file.writelines(coco_text(content))
                _expect_labels(tally, unsure, self.folder)
                with open(self._parts.folder / 'written', 'a') as file:
                    file.write(f'{file_sha256(partial)}\n')
        return tally

    def _journals(self) -> list[Journal]:
        return [Journal(file) for file in self._parts.files('.jsonl')]

    def _complete(self) -> bool:
        """Whether all parts are there, of some number of parts."""
        ended = [x.stem for x in self._parts.files('.jsonl') if has_ended(x)]
        counts = Counter(stem.partition('-of-')[2] for stem in ended)
        return any(count == int(n) for n, count in counts.items())

    def _begin(self) -> None:
        """Write how it was begun, or check that it was begun like this.

        Where nothing was labelled yet, and no other part is at work, it may
        begin with other settings.
        """
        file = self._parts.folder / 'begun.json'
        if file.exists():
            begun = json.loads(file.read_text(encoding='utf-8'))
            other = [k for k, x in self._begun.items() if x != begun.get(k)]
            if not other:
                return
            journals = self._journals()
            if any(x.places for x in journals) or self._parts.running():
                raise UserValueError(
                    f'"{self.folder}" was begun with other settings '
                    f'of: {", ".join(other)}. Go on with what it was '
                    'begun with, or name another folder with --out.'
                )
            for journal in journals:
                journal.file.unlink()
        with written_whole(file) as partial:
            partial.write_text(json.dumps(self._begun), encoding='utf-8')

    def _expect_unedited(self) -> None:
        """Check that nobody has edited the labels that this command wrote.

        It writes them anew for other confidences.
        """
        written = self._parts.folder / 'written'
        if not self.file.exists() or (
            written.exists()
            and file_sha256(self.file) in written.read_text().split()
        ):
            return
        raise UserFileExistsError(
            f'"{self.file}" is not as this command wrote it: it may have been '
            'edited, and is kept. Name another folder with --out, or move it '
            'away.'
        )


@contextmanager
def opened(
    folder: Path, begun: Item, photos: Path | None, part: Part = (1, 1)
) -> Iterator[LabelFolder]:
    """A ``LabelFolder``, kept from other processes.

    Raises:
        ValueError: Another process labels the same part, or one of another
            number of parts.
        FileExistsError: The folder holds something else.
    """
    parts = Parts(folder / '.label', part)
    is_new = not parts.folder.exists()
    if is_new and folder.exists() and any(folder.iterdir()):
        raise UserFileExistsError(
            f'"{folder}" holds something already, which is no labels of this '
            'command. Name a new folder with --out.'
        )
    with parts.held():
        yield LabelFolder(folder, begun, photos, parts)


def _expect_labels(tally: Tally, unsure: float, folder: Path) -> None:
    if not tally.people:
        raise UserValueError(
            f'There is nobody in the {tally.pictures} pictures that can be '
            'read: no labels are written. Try a lower --box-threshold, '
            'another detector or, where each picture shows one person, '
            '--detector none, with another --out.'
        )
    if not tally.visible[1:].any():
        raise UserValueError(
            f'The teacher is sure of no keypoint of {tally.people} people: '
            f'its highest confidence is {tally.highest:.2f}, --unsure is '
            f'{unsure}. No labels are written. Correct how its images and '
            'heatmaps are read (--teacher-options), or lower --unsure: its '
            f'output is kept in "{folder}".'
        )


def _link(photo: Path, place: Path) -> None:
    """Link a photo, or copy it where the disk has no links."""
    with written_whole(place, sync=False) as partial:
        partial.unlink(missing_ok=True)  # of a kill; it may be the photo
        try:
            os.link(photo.resolve(), partial)
        except OSError:  # on another disk, or one without links
            shutil.copyfile(photo, partial)


def _plain(values: np.ndarray, digits: int) -> list:
    return values.astype(np.float64).round(digits).tolist()
