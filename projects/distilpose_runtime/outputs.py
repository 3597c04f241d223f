"""Where predictions go: pictures or a video, JSON, and other formats."""

import importlib.metadata
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from . import formats
from .contact_sheet import ContactSheet
from .drawing import expect_parts
from .errors import UserValueError
from .frames import Frame, Source
from .images import write_image, written_path
from .media import Images
from .people import Finder, WholePicture
from .poses import Estimator
from .results import JsonResults, Predicted

__all__ = ['Destination', 'Outputs', 'Settings']


@dataclass(frozen=True)
class Settings:
    """What is predicted, drawn and written.

    The help of ``distilpose predict`` describes its options, of the same
    names; ``media`` is False for ``--no-media``, ``formats`` are those of
    ``--format``. ``overwrite`` replaces files of an earlier run, and never
    those of the source. ``detect_every`` is None where people are found in
    each picture, whoever was in the one before.

    Raises:
        ValueError: ``draw`` names what cannot be drawn.
    """

    source: str = ''
    box_threshold: float = 0.35
    keypoint_threshold: float = 0.3
    largest: int | None = None
    every: int = 1
    limit: int | None = None
    draw: Collection[str] | None = None
    detect_every: int | None = None
    sheet: Path | None = None
    media: bool = True
    formats: Collection[str] = ()
    track: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        expect_parts(self.draw or ())


class Destination(Protocol):
    """Where a ``Prediction`` goes, as it does to ``Outputs``."""

    def add(self, found: Predicted) -> None: ...

    def draw(self, frame: Frame, image: np.ndarray) -> None: ...

    def remarks(self) -> list[str]: ...

    def close(self, info: dict[str, Any]) -> None: ...


class Outputs:
    """The files of a run, in one folder.

    Args:
        folder: The folder, which is made where it is missing.
        source: The pictures.
        finder: What finds people.
        estimator: What finds their keypoints.
        settings: What is written.

    Attributes:
        files: The files and folders that are written.
        notes: What a user should know of the other formats, at the end.

    Raises:
        OSError: The folder cannot be written.
        ValueError: It holds files that would be replaced, or a format cannot
            be written.
        ImportError: Videos need PyAV, or a format a package, which is not
            installed.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        finder: Finder,
        estimator: Estimator,
        settings: Settings,
    ) -> None:
        one_person = (
            settings.track
            or settings.largest == 1
            or isinstance(finder, WholePicture)
        )
        for name in settings.formats:
            formats.expect_format(name, one_person)
        json_file = folder / 'predictions.json'
        if json_file.exists() and not settings.overwrite:
            raise UserValueError(
                f'"{folder}" holds predictions already. Name another folder '
                'with --out, or replace them with --overwrite.'
            )
        written = _media_files(folder, source) if settings.media else []
        others = [folder / formats.FILES[x] for x in settings.formats]
        self._sheet = _open_sheet(source, settings)
        sheets = [] if self._sheet is None else [self._sheet.path]
        _expect_free([*written, *sheets, *others], source, settings.overwrite)
        self._folder = folder
        self._video: Any = None
        media = [folder] if settings.media else []
        if settings.media and not isinstance(source, Images):
            from .video import VideoWriter

            self._video = VideoWriter(written[0], source.rate or 30.0)
            media = written
        folder.mkdir(parents=True, exist_ok=True)
        self._results = JsonResults(
            json_file, _header(finder, estimator, settings), estimator
        )
        for path in others:  # of an earlier run
            formats.remove(path)
        self._formats = settings.formats
        self.files = [*media, *sheets, json_file]
        self.notes: list[str] = []

    def add(self, found: Predicted) -> None:
        """Add what was predicted of a picture.

        Raises:
            OSError: It cannot be written. What was added before stays.
        """
        self._results.add(found)
        if self._sheet is not None:
            self._sheet.add(found.frame, found.poses)

    def draw(self, frame: Frame, image: np.ndarray) -> None:
        """Add a picture with poses drawn in it.

        Raises:
            OSError: It cannot be written.
            ValueError: It is too large for its format.
        """
        if self._video is not None:
            self._video.write(frame, image)
        else:
            write_image(self._folder / frame.name, image)

    def remarks(self) -> list[str]:
        """What a user should know of the files, in sentences."""
        found = []
        if self._video is not None and self._video.resized:
            found.append(
                f'{self._video.resized} pictures have another size than the '
                'first; the video shows them scaled, the results are in their '
                'own pixels.'
            )
        if self._sheet is not None and self._sheet.every > 1:
            found.append(
                f'"{self._sheet.path}" shows one of every '
                f'{self._sheet.every} pictures.'
            )
        return found

    def close(self, info: dict[str, Any]) -> None:
        """End all files, even if one of them fails.

        Args:
            info: What is known of the run at its end.

        Raises:
            OSError: One of them cannot be written.
            ValueError: A format cannot hold the results.
        """
        try:
            self._results.close(info)
            if self._sheet is not None:
                self._sheet.write()
            for name in self._formats if info['pictures'] else ():
                self.notes += formats.write(self._results.path, name)
                self.files.append(self._folder / formats.FILES[name])
        finally:
            if self._video is not None:
                self._video.close()


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
        'detect_every': settings.detect_every,
        'sigma_unit': 'image pixels',
        'versions': versions,
        'complete': False,
    }


def _open_sheet(source: Source, settings: Settings) -> ContactSheet | None:
    if settings.sheet is None:
        return None
    if not isinstance(source, Images):
        raise UserValueError(
            '--sheet shows image files side by side, not the frames of a '
            'video or a camera. Leave it out.'
        )
    total = min(source.total, settings.limit or source.total)
    parts = ('poses',) if settings.draw is None else settings.draw
    return ContactSheet(
        settings.sheet, total, parts, settings.keypoint_threshold
    )


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
