"""A teacher's outputs for a dataset, in a folder.

- ``meta.json``: what is stored, of which teacher and data.
- ``keys.npy``: for each person a number made of its photo and its id.
- ``rows.npy``: for each person its crop and, for each keypoint, the Gaussian
  that its heatmap resembles most: place, height and two widths. It is there
  once all people are stored.
- ``.parts/``: until then, the rows of each part.

K: keypoints.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample

from distilpose_runtime.errors import UserFileNotFoundError, UserValueError
from distilpose_runtime.files import written_whole
from distilpose_runtime.parts import Parts

from ...heatmaps.frame import HeatmapFrame
from ...weights.fetch import file_sha256
from ..base import make_source
from ..inputs import InputSpec
from .rows import read_records, record_type, row_type

__all__ = ['StoredOutputs', 'data_hashes', 'describe_teacher', 'person_key']

FORMAT_VERSION = 2  # 1, of version 0.2, had windows around the peaks


def person_key(meta: Mapping[str, Any]) -> int:
    """A number for a person: of the photo's name and the annotation's id."""
    text = f'{Path(meta["img_path"]).name}:{meta["id"]}'
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], 'big')


def data_hashes(datasets: Iterable[Any]) -> dict[str, str]:
    """The files that say which people datasets have, with their SHA-256."""
    files: dict[str, str] = {}
    for dataset in datasets:
        for file in (dataset.ann_file, getattr(dataset, 'bbox_file', None)):
            if file and file not in files:
                files[file] = file_sha256(file)
    return files


def describe_teacher(settings: dict[str, Any]) -> dict[str, list[Any]]:
    """Each setting of a teacher, with the hash of what stands behind it."""
    settings = {k: v for k, v in settings.items() if v is not None}
    digests = make_source(settings).digests()
    found: dict[str, list[Any]] = {}
    for name, value in sorted(settings.items()):
        digest = digests.get(name)
        if digest is None and isinstance(value, str) and Path(value).is_file():
            digest = file_sha256(value)
        # As JSON gives it back: a tuple becomes a list.
        plain = json.loads(json.dumps(value, default=str))
        found[name] = [plain, digest]
    return found


def _same_setting(a: list[Any] | None, b: list[Any] | None) -> bool:
    if a is None or b is None:
        return a is b
    # A file may lie elsewhere by now, or be gone after it was used.
    return a[1] == b[1] if a[1] and b[1] else a[0] == b[0]


class StoredOutputs:
    """Outputs of a teacher that were stored or are being stored.

    Raises:
        FileNotFoundError: There are none.
        ValueError: They have another format, or are damaged.

    Attributes:
        meta: What ``meta.json`` holds.
        keys: For each person a number, in the order in which they come.
        is_complete: Whether all people are stored.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        file, rows = (self.folder / x for x in ('meta.json', 'rows.npy'))
        if not file.is_file():
            raise UserFileNotFoundError(
                f'"{folder}" holds no stored outputs of a teacher: it has no '
                'meta.json. Make them with `distilpose store-teacher CONFIG '
                f'{folder}`, or correct model.teacher.stored.'
            )
        self.is_complete = rows.is_file()
        try:
            self.meta = json.loads(file.read_text())
            version = self.meta.get('format_version')
            if self.is_complete:
                self._rows = np.load(rows, mmap_mode='r')
            self.keys = np.load(self.folder / 'keys.npy')
        except (
            AttributeError,
            EOFError,
            LookupError,
            OSError,
            ValueError,
        ) as error:
            raise UserValueError(
                f'"{folder}" holds stored outputs of a teacher that are '
                f'damaged ({type(error).__name__}: {error}). Delete the '
                'folder, or copy it again, whole.'
            ) from error
        if version != FORMAT_VERSION:
            raise UserValueError(
                f'"{folder}" has the format version {version}, and this '
                f'distilpose reads {FORMAT_VERSION}. Store the outputs again, '
                'in another folder: `distilpose store-teacher`.'
            )
        self._order = np.argsort(self.keys)
        self._keys = self.keys[self._order]

    @staticmethod
    def create(folder: str | Path, keys: np.ndarray, meta: dict) -> None:
        """Begin to store the outputs for the people of some keys, in order.

        ``meta`` is kept besides: ``teacher``, ``data``, ``frame``, ``input``,
        ``keypoints`` (K) and more.

        Raises:
            OSError: The folder cannot be written, or has no room.
        """
        folder, k = Path(folder), meta['keypoints']
        folder.mkdir(parents=True, exist_ok=True)
        # The parts are there until all of them are one array.
        person = record_type(k).itemsize + row_type(k).itemsize
        size, free = len(keys) * person, shutil.disk_usage(folder).free
        if size > free:  # which it would find out hours later
            raise OSError(
                f'The outputs take {size / 1e9:.1f} GB, and "{folder}" has '
                f'room for {free / 1e9:.1f} GB. Name a folder on another disk.'
            )
        _write_array(folder / 'keys.npy', keys)
        meta = {'format_version': FORMAT_VERSION, **meta}
        with written_whole(folder / 'meta.json') as partial:
            partial.write_text(json.dumps(meta, indent=1))

    def done(self, parts: Parts) -> np.ndarray:
        """For each person, in the order of ``keys``, whether it is stored."""
        done = np.full(self.count, self.is_complete)
        for file in parts.files('.rows'):
            done[read_records(file, self.meta['keypoints'])['place']] = True
        return done

    def join(self, parts: Parts) -> 'StoredOutputs | None':
        """Make one array of all parts; give None if somebody is missing.

        Raises:
            OSError: It cannot be written. The parts stay.
        """
        if not self.done(parts).all():
            return None
        files, k = parts.files('.rows'), self.meta['keypoints']
        rows = np.empty(self.count, row_type(k))
        for file in files:
            records = read_records(file, k)
            rows[records['place']] = records['row']
        _write_array(self.folder / 'rows.npy', rows)
        for file in files:
            file.unlink()
        return StoredOutputs(self.folder)

    @property
    def count(self) -> int:
        """How many people there are to store."""
        return len(self._keys)

    @property
    def frame(self) -> HeatmapFrame:
        """Frame of the heatmaps, for a student with the stored crop."""
        return HeatmapFrame(**_tuples(self.meta['frame']))

    @property
    def input(self) -> InputSpec:
        """The images that the student gave."""
        return InputSpec(**_tuples(self.meta['input']))

    def rows(self, samples: Sequence[PoseDataSample]) -> np.ndarray:
        """What is stored of some people.

        Raises:
            ValueError: One of them is not stored.
        """
        keys = np.array([person_key(s.metainfo) for s in samples], np.uint64)
        found = np.searchsorted(self._keys, keys).clip(max=self.count - 1)
        for i in np.flatnonzero(self._keys[found] != keys):
            meta = samples[i].metainfo
            raise UserValueError(
                f'"{self.folder}" holds nothing of annotation {meta["id"]} of '
                f'{meta["img_path"]}: it was stored for '
                f'{self.described_data}. Store the outputs for the data that '
                'you train on.'
            )
        return self._rows[self._order[found]]

    @property
    def described_data(self) -> str:
        """The annotation files that it was stored for."""
        return ', '.join(x['file'] for x in self.meta['data'])

    def expect_teacher(self, settings: dict[str, Any]) -> None:
        """See that the outputs of this teacher were stored.

        Raises:
            ValueError: It is another one.
        """
        own, given = self.meta['teacher'], describe_teacher(settings)
        for name in sorted({*own} | {*given}):
            if not _same_setting(own.get(name), given.get(name)):
                raise UserValueError(
                    f'"{self.folder}" holds outputs of another teacher: its '
                    f'setting {name} was {_told(own.get(name))}, now it is '
                    f'{_told(given.get(name))}. Store the outputs of this '
                    'one in another folder, or name the teacher that was '
                    'stored.'
                )

    def expect_data(self, hashes: dict[str, str]) -> None:
        """See that the store is for annotation files with these hashes.

        Raises:
            ValueError: One of them is another, or has changed.
        """
        own = {x['sha256'] for x in self.meta['data']}
        for file, digest in hashes.items():
            if digest not in own:
                raise UserValueError(
                    f'"{self.folder}" holds outputs for other data: '
                    f'{self.described_data} as it was then, not "{file}" as '
                    'it is now. Store the outputs for the data that you '
                    'train on, in another folder.'
                )

    def expect_people(self, keys: np.ndarray) -> None:
        """See that it was begun for the people of these keys, in this order.

        Raises:
            ValueError: They are others.
        """
        if not np.array_equal(self.keys, keys):
            raise UserValueError(
                f'"{self.folder}" was begun for {self.count} people, and the '
                f'config has {len(keys)}, or others, or in another order. Go '
                'on with the config and the settings that it was begun with, '
                'or store the outputs in another folder.'
            )


def _write_array(file: Path, values: np.ndarray) -> None:
    """Write an array in NumPy's format.

    By hand: on a full disk, ``np.save`` does not say what is wrong, and the
    system ends a process that writes by a map.
    """
    header = np.lib.format.header_data_from_array_1_0(values)
    with written_whole(file) as partial, open(partial, 'wb') as opened:
        np.lib.format.write_array_header_1_0(opened, header)
        opened.write(values.data)


def _told(setting: list[Any] | None) -> str:
    if setting is None:
        return 'not set'
    value, digest = setting
    return f'{value!r}' + (f' (SHA-256 {digest[:8]})' if digest else '')


def _tuples(values: dict) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in values.items()
    }
