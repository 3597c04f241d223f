"""Rows of stored outputs while they are written: a file for each part.

A file is batches of records, one after the other. A record is a row and its
place among all people.

K: keypoints.
"""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from distilpose_runtime.files import append, written_whole

__all__ = ['PartOfRows', 'places_in', 'record_type', 'row_type', 'write_rows']


def row_type(keypoints: int) -> np.dtype:
    """What is stored of a person."""
    return np.dtype(
        [
            ('crop', np.float32, 4),  # centre and size in the image
            ('peak', np.float32, (keypoints, 2)),  # fraction of the crop
            ('height', np.float32, keypoints),
            ('sigma', np.float32, (keypoints, 2)),  # pixels at stride 4
        ]
    )


def record_type(keypoints: int) -> np.dtype:
    """A row, its place, and how many of its batch follow."""
    return np.dtype(
        [
            ('place', np.int64),
            ('left', np.uint32),
            ('row', row_type(keypoints)),
        ]
    )


def _records(file: Path, keypoints: int) -> np.ndarray:
    """The records of a part, without a batch that was cut off.

    A teacher may answer otherwise in the last digit for a batch of another
    size, so that such a batch is asked about again as a whole.
    """
    kind = record_type(keypoints)
    count = file.stat().st_size // kind.itemsize
    if not count:
        return np.empty(0, kind)
    found = np.memmap(file, kind, 'r', shape=(count,))
    while count and found['left'][count - 1]:
        count -= 1
    return found[:count]


def places_in(files: Iterable[Path], keypoints: int) -> np.ndarray:
    """Places of the people whose rows are in files of parts."""
    found = [_records(file, keypoints)['place'] for file in files]
    return np.concatenate([np.empty(0, np.int64), *found])


class PartOfRows:
    """A part's file, to which batches are added.

    Args:
        file: The file, new or of a run that was interrupted.
        keypoints: K.
    """

    def __init__(self, file: Path, keypoints: int) -> None:
        self.file = file
        self._kind = record_type(keypoints)
        self._end = 0
        if file.exists():
            self._end = len(_records(file, keypoints)) * self._kind.itemsize

    def add(self, places: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """Write a batch.

        Args:
            places: Places of its people (B,).
            columns: The fields of their rows, (B, ...) each.

        Raises:
            OSError: It cannot be written; what was there before stays.
        """
        records = np.zeros(len(places), self._kind)
        records['place'] = places
        records['left'] = np.arange(len(places))[::-1]
        for name, values in columns.items():
            records['row'][name] = values
        self._end = append(self.file, self._end, records.tobytes())


def write_rows(
    file: Path, parts: Iterable[Path], keypoints: int, count: int
) -> None:
    """Write the rows of all parts as one array.

    Args:
        file: Where to write it, in NumPy's format.
        parts: The files of the parts, which hold everybody.
        keypoints: K.
        count: How many people there are.

    Raises:
        OSError: It cannot be written.
    """
    row = row_type(keypoints)
    with written_whole(file) as partial:
        start = np.lib.format.open_memmap(
            str(partial), 'w+', row, (count,)
        ).offset
        # Not by the map, whose process the system ends when a disk is full.
        with open(partial, 'rb+') as opened:
            for part in parts:
                records = _records(part, keypoints)
                at = records['place']
                cuts = np.flatnonzero(np.diff(at) != 1) + 1
                for a, b in pairwise([0, *cuts.tolist(), len(at)]):
                    if a < b:
                        opened.seek(start + int(at[a]) * row.itemsize)
                        opened.write(records['row'][a:b].tobytes())
