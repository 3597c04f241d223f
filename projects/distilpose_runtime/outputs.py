"""Where predictions go: pictures or a video, JSON, and CSV on request."""

import importlib.metadata
import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .errors import UserValueError
from .frames import Frame, Source
from .images import write_image, written_path
from .media import Images
from .people import Finder, People
from .poses import Estimator, Poses
from .results import CsvResults, JsonResults

__all__ = ['ImageWriter', 'MediaWriter', 'Outputs', 'Settings']


@dataclass(frozen=True)
class Settings:
    """What is predicted, drawn and written.

    Attributes:
        source: How the user named the pictures.
        box_threshold: People of lower scores are left out.
        keypoint_threshold: Keypoints of lower scores are not drawn.
        largest: Of each picture, take so many people, those with the largest
            boxes; None for all.
        every: Of a video or camera, one of so many pictures is taken.
        limit: End after so many pictures; None for none.
        media: Whether to write pictures with poses drawn in them.
        csv: Whether to write a table.
        track: Whether people have numbers.
        overwrite: Whether files of an earlier run may be replaced; those of
            the source never are.
    """

    source: str = ''
    box_threshold: float = 0.35
    keypoint_threshold: float = 0.3
    largest: int | None = None
    every: int = 1
    limit: int | None = None
    media: bool = True
    csv: bool = False
    track: bool = False
    overwrite: bool = False


class MediaWriter(Protocol):
    """What keeps pictures with poses drawn in them.

    Attributes:
        path: The file or folder.
        resized: How many pictures had to be scaled.
    """

    path: Path
    resized: int

    def write(self, frame: Frame, image: np.ndarray) -> None: ...

    def close(self) -> None: ...


class ImageWriter:
    """Writes each picture to a file named as its own, in another folder.

    Args:
        path: That folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resized = 0

    def write(self, frame: Frame, image: np.ndarray) -> None:
        """Write a picture.

        Raises:
            OSError: It cannot be written.
            ValueError: It is too large for its format.
        """
        write_image(self.path / frame.name, image)

    def close(self) -> None:
        """Each picture is finished already."""


class Outputs:
    """The files of a run, in one folder.

    Args:
        folder: The folder, which is made where it is missing.
        source: The pictures.
        finder: What finds people.
        estimator: What finds their keypoints.
        settings: What is written.

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
        finder: Finder,
        estimator: Estimator,
        settings: Settings,
    ) -> None:
        json_file = folder / 'predictions.json'
        if json_file.exists() and not settings.overwrite:
            raise UserValueError(
                f'"{folder}" holds predictions already. Name another folder '
                'with --out, or replace them with --overwrite.'
            )
        written = _media_files(folder, source) if settings.media else []
        table = folder / 'predictions.csv'
        _expect_free(
            [*written, table] if settings.csv else written,
            source,
            settings.overwrite,
        )
        self.media: MediaWriter | None = None
        if settings.media:
            self.media = _media_writer(written, folder, source)
        folder.mkdir(parents=True, exist_ok=True)
        header = _header(finder, estimator, settings)
        self._json = JsonResults(json_file, header, estimator)
        self._csv: CsvResults | None = None
        if settings.csv:
            self._csv = CsvResults(table, estimator, settings.track)
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

    def remarks(self) -> list[str]:
        """What a user should know of the files, in sentences."""
        if self.media is None or not self.media.resized:
            return []
        return [
            f'{self.media.resized} pictures have another size than the first; '
            'the video shows them scaled, the results are in their own pixels.'
        ]

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


def _header(
    finder: Finder, estimator: Estimator, settings: Settings
) -> dict[str, Any]:
    versions = {}
    for name in ('distilpose', 'numpy', 'onnxruntime', 'opencv-python'):
        with suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        'description': 'predictions of distilpose predict',
        'date_created': datetime.now(timezone.utc).isoformat('T', 'seconds'),
        'source': settings.source,
        'model': estimator.about,
        'people_from': finder.about,
        'box_threshold': settings.box_threshold,
        'largest': settings.largest,
        'every': settings.every,
        'sigma_unit': 'image pixels',
        'versions': versions,
        'complete': False,
    }


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
