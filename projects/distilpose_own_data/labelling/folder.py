"""The folder that labels are written to.

- ``labels.json``: COCO's keypoint format; written when all is labelled.
- ``images/``: the photos, or the frames of the film.
- ``.label/``: the teacher's output so far, a folder for each part.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from distilpose.teachers.stored.write import alone_in
from distilpose_runtime.errors import UserFileExistsError, UserValueError
from distilpose_runtime.files import written_whole
from distilpose_runtime.frames import Frame
from distilpose_runtime.images import write_image
from distilpose_runtime.people import People
from distilpose_runtime.poses import Poses

from .coco import coco_text, labels_of
from .journal import Journal
from .pictures import Part

__all__ = ['LabelFolder', 'opened']

Item = dict[str, Any]


class LabelFolder:
    """Keeps what a ``Prediction`` finds; stands for its ``Outputs``.

    Args:
        folder: The folder, new or begun by the same command.
        begun: The teacher, the source and the settings.
        photos: The folder that names of photos are relative to; None for the
            frames of a film, which are written.
        part: Which part, from 1 on, and of how many.

    Attributes:
        journal: What was labelled so far.

    Raises:
        ValueError: The folder was begun with other settings.
        FileExistsError: It holds something else, or labels that were edited.
        OSError: It cannot be written.
    """

    def __init__(
        self, folder: Path, begun: Item, photos: Path | None, part: Part
    ) -> None:
        self.folder = folder
        self.file = folder / 'labels.json'
        self._photos = photos
        self._files = [
            state(folder, (i, part[1])) / 'journal.jsonl'
            for i in range(1, part[1] + 1)
        ]
        self._expect_unedited()
        journals = self._journals()
        if part[1] == 1 and not journals[0].pictures:  # nothing is lost
            self._files[0].unlink(missing_ok=True)
            journals = self._journals()
        for journal in journals:
            if journal.begun is not None:
                journal.begin(begun)  # sees that it is the same
        self.journal = journals[part[0] - 1]
        self.journal.begin(begun)

    def add(
        self,
        frame: Frame,
        image_id: Any,
        people: People,
        poses: Poses,
        tracks: np.ndarray | None,
    ) -> None:
        """Keep a picture and its people.

        Raises:
            OSError: The folder cannot be written. What was added before stays.
        """
        place = self.folder / 'images' / frame.name
        if self._photos is None:
            write_image(place, frame.image)
        else:
            _link(self._photos / frame.name, place)
        height, width = frame.image.shape[:2]
        picture: Item = dict(file_name=frame.name, width=width, height=height)
        if frame.time is not None:
            picture.update(frame=frame.number, time=round(frame.time, 4))
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
        self.journal.add(picture)

    def draw(self, frame: Frame, image: np.ndarray) -> None:
        """Do nothing: no picture is drawn."""

    def remarks(self) -> list[str]:
        return []

    def close(self, info: Item) -> None:
        """Write down the end, if it was reached."""
        if info['complete']:
            self.journal.end()

    def labels(self, sure: float, unsure: float) -> Item | None:
        """Write the labels if all parts are there, and return them.

        Raises:
            ValueError: There is nobody, or the teacher is sure of nothing.
            OSError: The file cannot be written.
        """
        with FileLock(self.folder / '.label' / 'lock'):
            journals = self._journals()
            if not all(journal.complete for journal in journals):
                return None
            content = _merged(journals, sure, unsure)
            _expect_labels(content, self.folder)
            with written_whole(self.file) as partial:
                partial.write_text(coco_text(content), encoding='utf-8')
        return content

    def _journals(self) -> list[Journal]:
        return [Journal(file) for file in self._files]

    def _expect_unedited(self) -> None:
        """Check that nobody has edited the labels that this command wrote.

        It writes them anew for other confidences.
        """
        if not self.file.exists():
            return
        with suppress(KeyError, TypeError, ValueError):
            text = self.file.read_text(encoding='utf-8')
            info = json.loads(text)['info']
            merged = _merged(self._journals(), info['sure'], info['unsure'])
            if coco_text(merged) == text:
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
        ValueError: Another process labels the same part, or another number
            of parts was begun.
    """
    others = {
        x.name.partition('-of-')[2] for x in folder.glob('.label/*-of-*')
    }
    if others - {str(part[1])}:
        raise UserValueError(
            f'"{folder}" was begun in {others.pop()} parts, not in {part[1]}. '
            'Go on with as many, or name another folder with --out.'
        )
    if not others and folder.exists() and any(folder.iterdir()):
        raise UserFileExistsError(
            f'"{folder}" holds something already, which is no labels of this '
            'command. Name a new folder with --out.'
        )
    with alone_in(state(folder, part)):
        yield LabelFolder(folder, begun, photos, part)


def state(folder: Path, part: Part) -> Path:
    """Where a part of the work is kept."""
    return folder / '.label' / '{}-of-{}'.format(*part)


def _merged(journals: list[Journal], sure: float, unsure: float) -> Item:
    pictures = [x for journal in journals for x in journal.pictures]
    return labels_of(journals[0].begun or {}, pictures, sure, unsure)


def _expect_labels(content: Item, folder: Path) -> None:
    people = content['annotations']
    if not people:
        raise UserValueError(
            f'There is nobody in the {len(content["images"])} pictures that '
            'can be read: no labels are written. Try a lower --box-threshold, '
            'another detector or, where each picture shows one person, '
            '--detector none, with another --out.'
        )
    if not any(x['num_keypoints'] for x in people):
        highest = max(max(x['keypoint_scores']) for x in people)
        raise UserValueError(
            f'The teacher is sure of no keypoint of {len(people)} people: its '
            f'highest confidence is {highest:.2f}, --unsure is '
            f'{content["info"]["unsure"]}. No labels are written. Correct '
            'how its images and heatmaps are read (--teacher-options), or '
            f'lower --unsure: its output is kept in "{folder}".'
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
