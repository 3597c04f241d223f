"""Where pictures come from: an image, a folder, a pattern, a video, a camera.

A source is iterated over once. It gives each picture as a ``Frame``, and a
``Skipped`` for each that cannot be had.
"""

import glob
import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from .frames import Frame, MediaError, Skipped, Source
from .images import (
    IMAGE_SUFFIXES,
    count_pictures,
    quiet_opencv,
    read_image,
)

__all__ = ['Camera', 'Images', 'open_source']

# What may lie beside photos. Any other file may be a video: .ts is one, though
# systems take it for a text of Qt's.
TEXT_SUFFIXES = ('.csv', '.json', '.md', '.txt')


class Images(Source):
    """Image files.

    Args:
        paths: The files.
        folder: What their names are relative to.
        name: As of every source.
        others: How many files beside them are no images.
        folders: How many folders beside them are not looked into.
    """

    total: int

    def __init__(
        self,
        paths: list[Path],
        folder: Path,
        name: str,
        others: int = 0,
        folders: int = 0,
    ) -> None:
        self.name = name
        self.folder = folder
        self.paths = paths
        self.total = len(paths)
        self.remarks = []
        if others:
            self.remarks += [f'{others} other files are no images.']
        if folders:
            self.remarks += [
                f'{folders} folders in "{folder}" are not looked into; for '
                f"images in them, name '{folder}/**/*'."
            ]

    def __iter__(self) -> Iterator[Frame | Skipped]:
        for number, path in enumerate(self.paths):
            name = path.relative_to(self.folder).as_posix()
            try:
                image = read_image(path)
            except (OSError, ValueError) as error:
                yield Skipped(name, str(error))
                continue
            yield Frame(image, name, number)
            more = count_pictures(path) - 1
            if more:
                self.total += more
                reason = f'only the first of its {more + 1} pictures is read'
                yield Skipped(name, reason, more)


class Camera(Source):
    """A camera that OpenCV knows, until it is interrupted.

    Args:
        number: Which one, from 0 on.
        every: Take one of so many pictures.

    Raises:
        MediaError: There is none, or it gives no picture.
    """

    def __init__(self, number: int, every: int = 1) -> None:
        self.name = f'camera-{number}'
        self._every = every
        with quiet_opencv():
            self._capture = cv2.VideoCapture(number)
        if not self._capture.isOpened():
            raise MediaError(
                f'There is no camera {number}, or another program uses it. '
                'Cameras have the numbers 0, 1, and so on.'
            )
        # Many cameras do not tell.
        self.rate = (self._capture.get(cv2.CAP_PROP_FPS) or 30.0) / every

    def __iter__(self) -> Iterator[Frame | Skipped]:
        start, number = time.monotonic(), -1
        while True:
            given, image = self._capture.read()
            number += 1
            now = time.monotonic() - start
            if not given:
                yield Skipped(self.name, 'the camera gives no more pictures')
                return
            if number % self._every == 0:
                yield Frame(image, self.name, number, now)

    def close(self) -> None:
        self._capture.release()


def open_source(
    source: str, every: int = 1, own: Path | None = None
) -> Source:
    """Open what a user names.

    Args:
        source: An image, a folder of images, a pattern such as
            ``'photos/*.jpg'`` (``**`` for folders in folders), a video, or
            the number of a camera.
        every: Of a video or camera, take one of so many pictures.
        own: A folder that a pattern does not look into, such as that of the
            results.

    Raises:
        MediaError: There is no such thing, or nothing in it that can be read.
        ImportError: A video needs PyAV, which is not installed.
    """
    path = Path(source)
    is_number = source.isdecimal() and int(source) < 2**31
    if is_number and not path.exists():
        return Camera(int(source), every)
    if path.is_dir():
        paths, others = _images(path.iterdir())
        if paths:
            name = path.resolve().name or 'images'
            folders = sum(found.is_dir() for found in path.iterdir())
            return Images(paths, path, name, others, folders)
        raise MediaError(
            f'The folder "{path}" holds no image ({others} other files). '
            f"Images in its folders are found by '{path}/**/*.jpg'."
        )
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return Images([path], path.parent, path.name)
        if path.suffix.lower() in TEXT_SUFFIXES:
            raise MediaError(f'"{source}" is neither an image nor a video.')
        from .video import Video

        return Video(path, every)
    if glob.has_magic(source):
        matches = map(Path, glob.glob(source, recursive=True))
        paths, others = _images(
            x for x in matches if own is None or not _is_below(x, own)
        )
        if paths:
            parents = [str(found.parent) for found in paths]
            folder = Path(os.path.commonpath(parents))
            name = folder.resolve().name or 'images'
            return Images(paths, folder, name, others)
        raise MediaError(
            f'The pattern "{source}" matches no image, and {others} other '
            'files.'
        )
    raise MediaError(
        f'There is no "{source}". Expected an image, a folder, a pattern such '
        "as 'photos/*.jpg', a video, or the number of a camera."
    )


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.abspath(folder)) in Path(os.path.abspath(path)).parents


def _images(paths) -> tuple[list[Path], int]:
    """Sort out the images; and count the other files."""
    files = sorted(path for path in paths if path.is_file())
    images = [x for x in files if x.suffix.lower() in IMAGE_SUFFIXES]
    return images, len(files) - len(images)
