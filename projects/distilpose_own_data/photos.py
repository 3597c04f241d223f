"""Finding the image files that an annotation file names."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from distilpose.checks.findings import FEW
from distilpose.checks.images import check_images
from distilpose_runtime.errors import UserFileNotFoundError
from distilpose_runtime.people import plain_path

from .report import Report

__all__ = ['Photos']

Item = dict[str, Any]

DECODED = 500
"""How many images are read to their end, and not just their headers."""

_ORIENTATION = 274  # the number of EXIF's tag


class Photos:
    """A folder of photos, with all that lies below it.

    Args:
        folder: The folder.
        root: What names of files are given relative to: it, or one above it.

    Raises:
        FileNotFoundError: There is no such folder.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        if not folder.is_dir():
            raise UserFileNotFoundError(
                f'There is no folder "{folder}" (looked from {Path.cwd()}). '
                'Name the folder of the photos with --images.'
            )
        self.folder = folder.resolve()
        self.root = root.resolve()
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for place, names in _walk(self.folder):
            below = place.relative_to(self.root)
            for name in names:
                self._by_name[plain_path(name)].append(
                    (below / name).as_posix()
                )

    def locate(
        self, images: Sequence[Item], beside: Path, report: Report
    ) -> dict[Any, Item]:
        """Find the images of an annotation file.

        A name is looked for as it stands, and then anywhere below the folder:
        tools write the folders of their own servers. Of several files of one
        name, that counts whose path ends most like the name given; then one
        beside the annotation file, or in a folder that it is named after
        (``train/`` of ``annotations/train.json``).

        Args:
            images: Entries of images.
            beside: The annotation file that names them.
            report: Told what is missing or cannot be read.

        Returns:
            Entries by the id that was given, numbered from 1 anew, with
            ``file_name`` below the root, ``width`` and ``height`` as loaded.
        """
        missing: list[str] = []
        unclear: list[str] = []
        unreadable: list[str] = []
        found: dict[Any, Item] = {}
        decoded = {*np.linspace(0, len(images) - 1, DECODED).astype(int)}
        for i, image in enumerate(images):
            names = self._candidates(str(image['file_name']), beside)
            if len(names) != 1:
                (unclear if names else missing).append(str(image['file_name']))
                continue
            size = _size(self.root / names[0], i in decoded)
            if size is None:
                unreadable.append(names[0])
                continue
            found[image['id']] = dict(
                id=len(found) + 1,
                file_name=names[0],
                width=image.get('width') or size[0],
                height=image.get('height') or size[1],
            )
        where = f'below "{self.folder}"'
        for what, cases in (
            (
                f'{{}} images are not there {where}, which has '
                f'{self._content()}.',
                missing,
            ),
            (
                f'{{}} images have a name that several files have {where}. '
                'Name a folder for each annotation file, with --images and '
                '--val-images.',
                unclear,
            ),
            ('{} images cannot be read.', unreadable),
        ):
            report.add(what, cases, len(images), FEW)
        check_images([*found.values()], str(self.root), True, report)
        return found

    def _content(self) -> str:
        number = sum(map(len, self._by_name.values()))
        if not number:
            return 'no files'
        return f'{number} files, such as "{min(self._by_name)}"'

    def _candidates(self, name: str, beside: Path) -> list[str]:
        """Give the files that a name may mean, best ones alone."""
        path = PurePosixPath(plain_path(name))
        if not path.is_absolute() and '..' not in path.parts:
            exact = (self.folder.relative_to(self.root) / path).as_posix()
            for found in self._by_name.get(path.name, ()):
                if plain_path(found) == plain_path(exact):
                    return [found]
        names = self._by_name.get(path.name, [])
        alike = [_common_end(path.parts, plain_path(name)) for name in names]
        best = [n for n, a in zip(names, alike) if a == max(alike)]
        folder = beside.resolve().parent
        near = [n for n in best if (self.root / n).parent == folder]
        named = [n for n in best if _folder(n) and _folder(n) in beside.stem]
        return near or named or best


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders below one, linked ones as well, each once, and their files.

    A link to a folder above leads out of it, and is not followed.
    """
    seen = {str(above) for above in folder.parents}
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        yield Path(place), names


def _folder(name: str) -> str:
    """The name of the folder that a file lies in."""
    return PurePosixPath(name).parent.name


def _common_end(parts: tuple[str, ...], name: str) -> int:
    """Count the folders and names that two paths end with alike."""
    others = PurePosixPath(name).parts
    for count, (one, other) in enumerate(zip(parts[::-1], others[::-1])):
        if one != other:
            return count
    return min(len(parts), len(others))


def _size(file: Path, decode: bool) -> tuple[int, int] | None:
    """Width and height of an image as it is loaded, None if it cannot be."""
    try:
        with Image.open(file) as image:
            turned = image.getexif().get(_ORIENTATION, 1) >= 5
            if decode:
                image.load()
            return image.size[::-1] if turned else image.size
    except Exception:  # Pillow raises many kinds
        return None
