"""Finding the image files that an annotation file names."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from distilpose.checks.images import ImageSize, image_size, tell_sizes
from distilpose.checks.report import FEW, Report
from distilpose_runtime.errors import UserFileNotFoundError
from distilpose_runtime.people import plain_path

__all__ = ['Photos']

Item = dict[str, Any]

DECODED = 500
"""How many images are read to their end, and not just their headers."""


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
        (``train/`` of ``annotations/train.json``), or below its own folder.

        Args:
            images: Entries of images.
            beside: The annotation file that names them.
            report: What is missing or cannot be read is added here.

        Returns:
            Entries by the id that was given, numbered from 1 anew, with
            ``file_name`` below the root, ``width`` and ``height`` as loaded.
        """
        files, faults = self._files(images, beside)
        found: dict[Any, Item] = {}
        by_file: dict[str, tuple[Item, ImageSize]] = {}
        sizes = []
        again = []
        decoded = {*np.linspace(0, len(images) - 1, DECODED).astype(int)}
        for i, image in enumerate(images):
            file = files.get(image['id'])
            if file is None:
                continue
            if file in by_file:
                again.append(file)
                found[image['id']], known = by_file[file]
                sizes.append((image | dict(file_name=file), known))
                continue
            size = image_size(self.root / file, decode=i in decoded)
            if size is None:
                faults['{} images cannot be read.'].append(file)
                continue
            entry = found[image['id']] = dict(
                id=len(by_file) + 1,
                file_name=file,
                width=image.get('width') or size.width,
                height=image.get('height') or size.height,
            )
            by_file[file] = entry, size
            sizes.append((entry, size))
        for what, cases in faults.items():
            report.add(what, cases, len(images), FEW)
        report.changed(
            '{} images are listed under several ids. The people of one photo '
            'are put together.',
            again,
            len(images),
        )
        tell_sizes(sizes, str(self.root), report)
        return found

    def _files(
        self, images: Sequence[Item], beside: Path
    ) -> tuple[dict[Any, str], dict[str, list[str]]]:
        """Files of images by id, and the names that have none, by reason."""
        where, content = f'below "{self.folder}"', 'no files'
        if self._by_name:
            number = sum(map(len, self._by_name.values()))
            content = f'{number} files, such as "{min(self._by_name)}"'
        missing = f'{{}} images are not there {where}, which has {content}.'
        unclear = f'{{}} images have a name that several files have {where}. '
        unclear += 'Keep photos below the folder of their annotation file, or '
        unclear += 'name a folder for each, with --images and --val-images.'
        shared = '{} images would be looked for in the file of another one, '
        shared += 'whose folder has another name: some seem to be missing.'
        files: dict[Any, str] = {}
        faults: dict[str, list[str]] = defaultdict(list)
        names: dict[str, set[str]] = defaultdict(set)
        for image in images:
            name = image['file_name']
            found = self._candidates(name, beside)
            if len(found) == 1:
                files[image['id']] = found[0]
                names[found[0]].add(plain_path(name))
            else:
                faults[unclear if found else missing].append(name)
        for image in images:
            file = files.get(image['id'], '')
            exact = plain_path(file).endswith(plain_path(image['file_name']))
            if len(names[file]) > 1 and not exact:
                faults[shared].append(image['file_name'])
                del files[image['id']]
        return files, faults

    def _candidates(self, name: str, beside: Path) -> list[str]:
        """Find the files that a name may mean; the best matches alone."""
        path = PurePosixPath(plain_path(name))
        if not path.is_absolute() and '..' not in path.parts:
            exact = (self.folder.relative_to(self.root) / path).as_posix()
            for found in self._by_name.get(path.name, ()):
                if plain_path(found) == plain_path(exact):
                    return [found]
        names = self._by_name.get(path.name, [])
        alike = [_common_end(path, plain_path(name)) for name in names]
        best = [n for n, a in zip(names, alike) if a == max(alike)]
        folder = beside.resolve().parent
        near = [n for n in best if (self.root / n).parent == folder]
        named = [
            n
            for n in best
            if _is_named_after(beside.stem, PurePosixPath(n).parent.name)
        ]
        below = [n for n in best if (self.root / n).is_relative_to(folder)]
        return near or named or below or best


def _is_named_after(file: str, folder: str) -> bool:
    """Whether a file's name has the words and numbers of a folder's.

    The last word may go on, as in "validation" of "val". One or two letters
    must be a word: "a" is in many.
    """
    own, words = (
        re.findall(r'[^\W\d_]+|\d+', name) for name in (folder, file)
    )
    end = '_' if len(folder) < 3 or folder[-1].isdecimal() else ''
    return bool(own) and f'_{"_".join(own)}{end}' in f'_{"_".join(words)}_'


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


def _common_end(*paths: PurePosixPath | str) -> int:
    """Count the folders and names that paths end with alike."""
    reverse = [PurePosixPath(path).parts[::-1] for path in paths]
    return len(os.path.commonprefix(reverse))
