"""Rows of stored outputs while they are written: a file for each part.

A file is batches of records, one after the other. A record is a row and its
place among all people.

K: keypoints.
"""

from pathlib import Path

import numpy as np

from distilpose_runtime.files import append

__all__ = ['add_rows', 'read_records', 'record_type', 'row_type']


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


def read_records(file: Path, keypoints: int) -> np.ndarray:
    """The records of a part, without a batch that was cut off.

    A teacher may answer otherwise in the last digit for a batch of another
    size, so that such a batch is asked about again as a whole.
    """
    kind = record_type(keypoints)
    count = file.stat().st_size // kind.itemsize if file.exists() else 0
    if not count:
        return np.empty(0, kind)
    found = np.memmap(file, kind, 'r', shape=(count,))
    while count and found['left'][count - 1]:
        count -= 1
    return found[:count]


def add_rows(
    file: Path, places: np.ndarray, columns: dict[str, np.ndarray]
) -> None:
    """Add a batch to a part's file.

    Args:
        file: The file, new or of a run that was interrupted.
        places: Places of the batch's people (B,).
        columns: The fields of their rows, (B, ...) each.

    Raises:
        OSError: It cannot be written; what was there before stays.
    """
    keypoints = columns['height'].shape[1]
    records = np.zeros(len(places), record_type(keypoints))
    records['place'] = places
    records['left'] = np.arange(len(places))[::-1]
    for name, values in columns.items():
        records['row'][name] = values
    end = read_records(file, keypoints).nbytes
    append(file, end, records.tobytes())
