"""Predictions as JSON in COCO's layout.

N: people. K: keypoints.
"""

import io
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .frames import Frame
from .people import People
from .poses import Estimator, Poses

__all__ = ['JsonResults', 'Predicted', 'pose_scores']

# A file is made valid after so many seconds, but for at most a 20th of the
# time: what follows the annotations is written anew each time.
SECONDS = 5.0


class Predicted(NamedTuple):
    """What was predicted of a picture."""

    frame: Frame
    image_id: Any  # its number
    people: People
    poses: Poses
    tracks: np.ndarray | None  # numbers (N,), below 0 for none; or None


def pose_scores(poses: Poses, people: People) -> np.ndarray:
    """How sure of N people predictions are, as COCO ranks them, (N,).

    It is the mean score of the keypoints above a threshold, times the score
    of the box, as in MMPose's ``CocoMetric``.
    """
    counted = poses.scores >= 0.2
    total = np.where(counted, poses.scores, 0).sum(1)
    return total / np.maximum(counted.sum(1), 1) * people.scores


class JsonResults:
    """Writes predictions as a JSON file that is valid at any moment.

    Its ``annotations`` are in COCO's format of results; ``images`` and
    ``categories`` as in COCO's annotation files, so that pycocotools reads
    the file; ``info`` is what the caller says of the run.

    Args:
        path: The file.
        info: About the run.
        estimator: Tells what it predicts.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(
        self, path: Path, info: dict[str, Any], estimator: Estimator
    ) -> None:
        self.path = path
        self._info = info
        self._images: list[dict[str, Any]] = []
        self._pending: list[str] = []
        category = dict(
            id=1,
            name='person',
            supercategory='person',
            keypoints=estimator.names,
            # COCO counts from 1.
            skeleton=[[i + 1, j + 1] for i, j in estimator.skeleton],
        )
        head = _bytes(
            f'{{"categories": [{_json(category)}],\n"annotations": ['
        )
        # Without a buffer, which would hold on to what a full disk refused.
        self._file = io.FileIO(path, 'w')
        _write(self._file, 0, head)
        self._end = len(head)  # of the annotations
        self._tail = b''
        self._count = 0
        self.flush()

    def add(self, found: Predicted) -> None:
        """Add the people of an image.

        Raises:
            OSError: The file cannot be written. What was added before stays.
        """
        frame, image_id, people, poses, tracks = found
        self._images.append(dict(id=image_id, **frame.entry()))
        for i, score in enumerate(pose_scores(poses, people)):
            self._count += 1
            row = dict(id=self._count, image_id=image_id, category_id=1)
            points = np.column_stack([poses.keypoints[i], poses.scores[i]])
            row['keypoints'] = _rounded(points, 3)
            row['score'] = round(float(score), 5)
            corner, end = np.split(people.boxes[i], 2)
            row['bbox'] = _rounded(np.append(corner, end - corner), 2)
            row['bbox_score'] = round(float(people.scores[i]), 5)
            if poses.sigmas is not None:
                row['keypoint_sigmas'] = _rounded(poses.sigmas[i], 3)
            if tracks is not None and tracks[i] >= 0:
                row['track_id'] = int(tracks[i])
            comma = ',' if self._count > 1 else ''
            self._pending.append(f'{comma}\n{_json(row)}')
        if time.monotonic() - self._flushed > max(SECONDS, 20 * self._took):
            self.flush()

    def flush(self) -> None:
        """Make the file valid, with all that was added.

        Raises:
            OSError: The file cannot be written. It is what it was before.
        """
        begin = time.monotonic()
        rows = _bytes(''.join(self._pending))
        images = ',\n'.join(map(_json, self._images))
        tail = _bytes(
            f'],\n"images": [\n{images}],\n"info": {_json(self._info)}}}\n'
        )
        try:
            _write(self._file, self._end, rows + tail)
        except OSError:
            # What stood here before needs no new room.
            _write(self._file, self._end, self._tail)
            raise
        self._end += len(rows)
        self._tail = tail
        self._pending = []
        self._flushed = time.monotonic()
        self._took = self._flushed - begin

    def close(self, info: dict[str, Any]) -> None:
        """End the file.

        Args:
            info: What is known of the run at its end.

        Raises:
            OSError: The file cannot be written. It is valid nevertheless.
        """
        self._info = {**self._info, **info}
        try:
            self.flush()
        finally:
            self._file.close()


def _write(file: io.FileIO, position: int, data: bytes) -> None:
    """Make these bytes the end of a file."""
    file.seek(position)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
    file.truncate()


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return values.astype(np.float64).round(digits).ravel().tolist()


def _bytes(text: str) -> bytes:
    """UTF-8, with marks for what is none in the names of files."""
    return text.encode(errors='replace')


def _json(value: Any) -> str:
    # NaN is no JSON.
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
