"""A teacher's outputs for a dataset, in a folder.

- ``meta.json``: what was stored, of which teacher and data, and how far.
- ``keys.npy``: for each person a number made of its photo and its id.
- ``rows.npy``: for each person its crop and, for each keypoint, the Gaussian
  that its heatmap resembles most: place, height and two widths.

K: keypoints.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample

from distilpose_runtime.errors import UserFileNotFoundError, UserValueError
from distilpose_runtime.files import written_whole

from ...heatmaps.frame import HeatmapFrame
from ...weights.fetch import file_sha256
from ..base import make_source
from ..inputs import InputSpec

__all__ = ['StoredOutputs', 'data_files', 'describe_teacher', 'sample_key']

FORMAT_VERSION = 2  # 1, of version 0.2, had windows around the peaks


def sample_key(sample: PoseDataSample) -> int:
    """A number for a person: of the photo's name and the annotation's id."""
    meta = sample.metainfo
    text = f'{Path(meta["img_path"]).name}:{meta["id"]}'
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], 'big')


def data_files(dataset: Any) -> list[str]:
    """Files that say which people a dataset has."""
    files = dataset.ann_file, getattr(dataset, 'bbox_file', None)
    return [file for file in files if file]


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
    """Outputs of a teacher that were stored or, if writable, are being stored.

    Raises:
        FileNotFoundError: There are none.
        ValueError: They have another format, or are damaged.

    Attributes:
        meta: What ``meta.json`` holds.
        keys: For each person a number, in the order in which they come.
        done: How many people are stored.
    """

    def __init__(self, folder: str | Path, writable: bool = False) -> None:
        self.folder = Path(folder)
        file = self.folder / 'meta.json'
        if not file.is_file():
            raise UserFileNotFoundError(
                f'"{folder}" holds no stored outputs of a teacher: it has no '
                'meta.json. Make them with `distilpose store-teacher CONFIG '
                f'{folder}`, or correct model.teacher.stored.'
            )
        try:
            self.meta = json.loads(file.read_text())
            version = self.meta.get('format_version')
            self.done = int(self.meta['done'])
            self._rows = np.lib.format.open_memmap(
                str(self.folder / 'rows.npy'), 'r+' if writable else 'r'
            )
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

    @classmethod
    def create(
        cls, folder: str | Path, keys: Sequence[int], meta: dict
    ) -> 'StoredOutputs':
        """Make room for the outputs of the people of some keys, in order.

        ``meta`` is kept besides: ``teacher``, ``data``, ``frame``, ``input``,
        ``keypoints`` (K) and more.

        Raises:
            OSError: The folder cannot be written, or has no room.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        k = meta['keypoints']
        row = np.dtype(
            [
                ('crop', np.float32, 4),  # centre and size in the image
                ('peak', np.float32, (k, 2)),  # fraction of the crop
                ('height', np.float32, k),
                ('sigma', np.float32, (k, 2)),  # pixels at stride 4
            ]
        )
        _expect_room(folder, len(keys) * row.itemsize)
        np.lib.format.open_memmap(
            str(folder / 'rows.npy'), 'w+', row, (len(keys),)
        ).flush()
        np.save(folder / 'keys.npy', np.asarray(keys, np.uint64))
        meta = {'format_version': FORMAT_VERSION, 'done': 0, **meta}
        _write_json(folder / 'meta.json', meta)
        return cls(folder, writable=True)

    def append(self, **columns: np.ndarray) -> None:
        """Store the next people's crops and Gaussians."""
        end = self.done + len(columns['crop'])
        for name, values in columns.items():
            self._rows[name][self.done : end] = values
        self._rows.flush()
        self.done = self.meta['done'] = end
        _write_json(self.folder / 'meta.json', self.meta)

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
        keys = np.array([sample_key(s) for s in samples], np.uint64)
        found = np.searchsorted(self._keys, keys).clip(max=self.count - 1)
        for sample, is_there in zip(samples, self._keys[found] == keys):
            if not is_there:
                meta = sample.metainfo
                raise UserValueError(
                    f'"{self.folder}" holds nothing of annotation '
                    f'{meta["id"]} of {meta["img_path"]}: it was stored for '
                    f'{self.described_data}. Store the outputs for the data '
                    'that you train on.'
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

    def expect_people(self, keys: Sequence[int]) -> None:
        """See that it was begun for the people of these keys, in this order.

        Raises:
            ValueError: They are others.
        """
        if not np.array_equal(self.keys, np.asarray(keys, np.uint64)):
            raise UserValueError(
                f'"{self.folder}" was begun for {self.count} people, and the '
                f'config has {len(keys)}, or others, or in another order. Go '
                'on with the config and the settings that it was begun with, '
                'or store the outputs in another folder.'
            )


def _expect_room(folder: Path, size: int) -> None:
    """See that a file fits: a process that writes to its map would be ended
    by the system."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(
            f'The outputs take {size / 1e9:.1f} GB, and "{folder}" has room '
            f'for {free / 1e9:.1f} GB. Name a folder on another disk.'
        )


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


def _write_json(file: Path, content: dict) -> None:
    """Write a file whole or not at all."""
    with written_whole(file) as partial:
        partial.write_text(json.dumps(content, indent=1))
