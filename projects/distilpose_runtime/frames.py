"""Pictures one after another, and what their sources have in common."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import UserValueError

__all__ = ['Frame', 'MediaError', 'Skipped', 'Source']


class MediaError(UserValueError):
    """A source that gives no picture at all; the message says why."""


class Frame(NamedTuple):
    """A picture.

    Attributes:
        image: Array (height, width, 3), BGR, 8 bits.
        name: Its file, relative to the source where that is a folder.
        number: Which picture of the source it is, from 0 on.
        time: Seconds since the source began, or None for image files.
    """

    image: np.ndarray
    name: str
    number: int
    time: float | None = None

    def entry(self) -> dict[str, Any]:
        """What a file of annotations says of it; seconds to four places."""
        height, width = self.image.shape[:2]
        entry: dict[str, Any] = dict(
            file_name=self.name, width=width, height=height
        )
        if self.time is not None:
            entry.update(frame=self.number, time=round(self.time, 4))
        return entry


class Skipped(NamedTuple):
    """A picture that cannot be had, or several in a row.

    Attributes:
        name: As of a frame.
        reason: What is wrong with it.
        pictures: How many pictures.
    """

    name: str
    reason: str
    pictures: int = 1


class Source:
    """What all sources have.

    Attributes:
        name: A short name of it, of which names of files can be made.
        total: How many pictures it has, where that is known.
        frames: How many frames a video has, those that are not taken as well;
            None where that is not known.
        rate: Pictures a second, or None for image files.
        path: The file of a video.
        remarks: What a user should know of it, in sentences.
    """

    name: str
    path: Path | None = None
    remarks: Sequence[str] = ()
    total: int | None = None
    frames: int | None = None
    rate: float | None = None

    def __iter__(self) -> Iterator[Frame | Skipped]:
        raise NotImplementedError

    def close(self) -> None:
        """Give back what was opened."""
