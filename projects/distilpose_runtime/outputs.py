"""Where predictions go: pictures or a video, JSON, and CSV on request."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .errors import UserValueError
from .frames import Frame, Source
from .images import write_image, written_path
from .media import Images
from .people import People
from .poses import Poses
from .results import CsvResults, JsonResults

__all__ = ['ImageWriter', 'MediaWriter', 'Outputs']


class MediaWriter(Protocol):
    """What keeps pictures with poses drawn in them."""

    path: Path

    def write(self, frame: Frame, image: np.ndarray) -> None: ...

    def close(self) -> None: ...


class ImageWriter:
    """Writes each picture to a file named as its own, in another folder.

    Args:
        path: That folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, frame: Frame, image: np.ndarray) -> None:
        """Write a picture.

        Raises:
            OSError: It cannot be written.
        """
        write_image(self.path / frame.name, image)

    def close(self) -> None:
        """Each picture is finished already."""


class Outputs:
    """The files of a run, in one folder.

    Args:
        folder: The folder, which is made where it is missing.
        source: The pictures.
        blank: Poses of nobody by the model, which tell what it predicts.
        info: About the run.
        media: Whether to write pictures with poses drawn in them.
        csv: Whether to write a table.
        tracks: Whether people have numbers.
        overwrite: Whether files that the folder holds may be replaced; those
            of the source never are.

    Attributes:
        media: Writer of pictures, or None.
        files: The files and folders that are written.

    Raises:
        OSError: The folder cannot be written.
        ValueError: It holds files that would be replaced.
        ImportError: Videos need PyAV, which is not installed.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        blank: Poses,
        info: dict[str, Any],
        media: bool = True,
        csv: bool = False,
        tracks: bool = False,
        overwrite: bool = False,
    ) -> None:
        json_file = folder / 'predictions.json'
        if json_file.exists() and not overwrite:
            raise UserValueError(
                f'"{folder}" holds predictions already. Name another folder '
                'with --out, or replace them with --overwrite.'
            )
        written = _media_files(folder, source) if media else []
        table = folder / 'predictions.csv'
        _expect_free([*written, table] if csv else written, source, overwrite)
        self.media = _media_writer(written, folder, source) if media else None
        folder.mkdir(parents=True, exist_ok=True)
        self._json = JsonResults(json_file, info, blank)
        self._csv: CsvResults | None = None
        if csv:
            self._csv = CsvResults(table, blank, tracks)
        self.files: list[Path] = [
            x.path
            for x in (self.media, self._json, self._csv)
            if x is not None
        ]

    def add(
        self,
        frame: Frame,
        image_id: Any,
        people: People,
        poses: Poses,
        tracks: np.ndarray | None,
    ) -> None:
        """Add the poses of a picture.

        Raises:
            OSError: They cannot be written.
        """
        self._json.add(frame, image_id, people, poses, tracks)
        if self._csv is not None:
            self._csv.add(frame, people, poses, tracks)

    def close(self, info: dict[str, Any]) -> None:
        """End all files, even if one of them fails.

        Args:
            info: What is known of the run at its end.

        Raises:
            OSError: One of them cannot be written.
        """
        with ExitStack() as stack:
            stack.callback(self._json.close, info)
            if self._csv is not None:
                stack.callback(self._csv.close)
            if self.media is not None:
                stack.callback(self.media.close)


def _media_files(folder: Path, source: Source) -> list[Path]:
    """The pictures, or the video, that will be written."""
    if not isinstance(source, Images):
        return [folder / f'{Path(source.name).stem}.mp4']
    if folder.resolve() == source.folder.resolve():
        raise UserValueError(
            f'"{folder}" holds the images themselves, which would be '
            'replaced. Name another folder with --out.'
        )
    names = [path.relative_to(source.folder) for path in source.paths]
    return [written_path(folder / name) for name in names]


def _expect_free(files: list[Path], source: Source, overwrite: bool) -> None:
    """See that nothing is replaced that nobody wants to be replaced."""
    there = [path for path in files if path.exists()]
    if not there:
        return
    given = source.paths if isinstance(source, Images) else [source.path]
    given_files = {_identity(path) for path in given if path is not None}
    for path in there:
        # Names may differ, by case or through links.
        if _identity(path) in given_files:
            kind = 'a picture' if isinstance(source, Images) else 'the video'
            raise UserValueError(
                f'"{path}" is {kind} itself, which would be replaced. Name '
                'another folder with --out.'
            )
    if not overwrite:
        raise UserValueError(
            f'"{there[0]}" exists, and {len(there) - 1} more of the files '
            'that would be written. Name another folder with --out, or '
            'replace them with --overwrite.'
        )


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _media_writer(
    files: list[Path], folder: Path, source: Source
) -> MediaWriter:
    if isinstance(source, Images):
        return ImageWriter(folder)
    from .video import VideoWriter

    return VideoWriter(files[0], source.rate or 30.0)
