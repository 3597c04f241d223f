"""Chooses the pictures to label, from photos or a video."""

from collections.abc import Container, Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.frames import Frame, Skipped, Source
from distilpose_runtime.media import Camera, Images
from distilpose_runtime.parts import Part

__all__ = ['Pictures', 'frame_name', 'thumbnail']

# Side of a thumbnail, pixels. Each is the mean of an area, without its noise.
SIDE = 32


class Pictures(Source):
    """The pictures of a source that are in a part and not labelled yet.

    Of a video, frames that look like the last one kept are left out, and the
    others get names. The first part shows a progress bar.

    Args:
        source: Photos or a video.
        done: Names of the pictures that are done.
        part: Which part, from 1 on, and of how many.
        min_change: The least change of a video's picture that counts: the mean
            over the cells of a thumbnail, in grey levels of 256.

    Attributes:
        part: As given.
        alike: How many frames it left out so far.

    Raises:
        ValueError: The source is a camera, whose pictures come but once.
    """

    def __init__(
        self,
        source: Source,
        done: Container[str] = (),
        part: Part = (1, 1),
        min_change: float = 1.0,
    ) -> None:
        if isinstance(source, Camera):
            raise UserValueError(
                'A camera shows its pictures once, so that labelling could '
                'not go on after an interruption. Record a video, and name it.'
            )
        if isinstance(source, Images):
            paths = [
                path
                for path in source.paths[part[0] - 1 :: part[1]]
                if path.relative_to(source.folder).as_posix() not in done
            ]
            source = Images(paths, source.folder, source.name)
        self.name, self.remarks = source.name, source.remarks
        self.total = source.total
        self._source, self._done, self.part = source, done, part
        self._min_change = min_change
        self.alike = 0

    def __iter__(self) -> Iterator[Frame | Skipped]:
        bar = tqdm(
            self._source,
            total=self._source.total,
            unit=' pictures',
            disable=True if self.part[0] > 1 else None,
        )
        if isinstance(self._source, Images):
            yield from bar
            return
        kept, count = None, 0
        for found in bar:
            if isinstance(found, Skipped):
                yield found
                continue
            small = thumbnail(found.image)
            if kept is not None and np.abs(small - kept).mean() < (
                self._min_change
            ):
                self.alike += 1
                continue
            kept, count = small, count + 1
            name = frame_name(Path(self.name).stem, found)
            mine = count % self.part[1] == self.part[0] % self.part[1]
            if mine and name not in self._done:
                yield found._replace(name=name)


def thumbnail(image: np.ndarray) -> np.ndarray:
    """A small grey picture (32, 32) of an image, by which images compare."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)


def frame_name(stem: str, frame: Frame) -> str:
    """A file's name for a video's frame: video, time, number.

    Sorted by their names, frames are in order. `predict --boxes` finds a
    frame by the number at the end.
    """
    minutes, milliseconds = divmod(round((frame.time or 0.0) * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    time = f'{hours:02}h{minutes:02}m{milliseconds / 1000:06.3f}s'
    return f'{stem}_{time}_{frame.number:07}.jpg'
