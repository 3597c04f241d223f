"""Where pictures come from: an image, a folder, a pattern, a video, a camera.

A source is iterated over once. It gives each picture as a ``Frame``, and a
``Skipped`` for each that cannot be had.
"""

import glob
import os
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import cv2

from .frames import Frame, MediaError, Skipped, Source
from .images import IMAGE_SUFFIXES, count_pictures, quiet_opencv, read_image

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
        remarks: As of every source.
    """

    total: int

    def __init__(
        self,
        paths: list[Path],
        folder: Path,
        name: str,
        remarks: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.folder = folder
        self.paths = paths
        self.total = len(paths)
        self.remarks = remarks

    def names(self) -> list[str]:
        """The names that the pictures will have, in their order."""
        return [x.relative_to(self.folder).as_posix() for x in self.paths]

    def __iter__(self) -> Iterator[Frame | Skipped]:
        pictures = zip(self.names(), self.paths)
        for number, (name, path) in enumerate(pictures):
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
        start = time.monotonic()
        for number in count():
            given, image = self._capture.read()
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
        return _images([*path.iterdir()], f'The folder "{path}" holds', path)
    if path.is_file():
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return Images([path], path.parent, path.name)
        if path.suffix.lower() in TEXT_SUFFIXES:
            raise MediaError(f'"{source}" is neither an image nor a video.')
        from .video import Video

        return Video(path, every)
    if glob.has_magic(source):
        matches = [Path(x) for x in glob.glob(source, recursive=True)]
        if own is not None:
            matches = [x for x in matches if not _is_below(x, own)]
        return _images(matches, f'The pattern "{source}" matches')
    raise MediaError(
        f'There is no "{source}". Expected an image, a folder, a pattern such '
        "as 'photos/*.jpg', a video, or the number of a camera."
    )


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.abspath(folder)) in Path(os.path.abspath(path)).parents


def _images(
    found: list[Path], where: str, folder: Path | None = None
) -> Images:
    """The images of a folder, or of what a pattern matches."""
    files = sorted(path for path in found if path.is_file())
    paths = [x for x in files if x.suffix.lower() in IMAGE_SUFFIXES]
    others = len(files) - len(paths)
    folders = sum(path.is_dir() for path in found) if folder else 0
    inner = f"'{folder}/**/*'"
    if not paths:
        hint = f' For images in its folders, name {inner}.' if folders else ''
        raise MediaError(f'{where} no image ({others} other files).{hint}')
    remarks = []
    if others:
        remarks += [f'{others} other files are no images.']
    if folders:
        remarks += [
            f'{folders} folders in "{folder}" are not looked into; for images '
            f'in them, name {inner}.'
        ]
    if folder is None:
        folder = Path(os.path.commonpath([path.parent for path in paths]))
    return Images(paths, folder, folder.resolve().name or 'images', remarks)
