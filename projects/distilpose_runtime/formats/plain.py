"""Formats that are plain text: COCO's results, a table, OpenPose's JSON."""

import csv
import json
from pathlib import Path

import numpy as np

from ..errors import UserValueError
from ..files import written_folder, written_whole
from .found import Found

__all__ = [
    'COLUMNS',
    'remove_openpose',
    'write_coco',
    'write_csv',
    'write_openpose',
]

COLUMNS = (
    *('image', 'frame', 'time', 'person', 'track', 'person_score'),
    *('keypoint', 'x', 'y', 'score', 'sigma_x', 'sigma_y'),
)
# What the entry of a picture tells, which has the last two of a video alone.
ABOUT = ('file_name', 'frame', 'time')
# What OpenPose's files have of a person. All but the body's is left empty.
PARTS = ('pose', 'face', 'hand_left', 'hand_right')
EMPTY: dict[str, list] = {
    f'{x}_keypoints_{d}d': [] for d in (2, 3) for x in PARTS
}


def write_coco(found: Found, path: Path) -> None:
    """Write COCO's list of results, which ``COCO.loadRes`` reads.

    Each result also has what ``images`` says of its picture: ``file_name``
    and, of a video, ``frame`` and ``time``.

    Raises:
        OSError: It cannot be written.
    """
    rows = [
        json.dumps({x: image[x] for x in ABOUT if x in image} | row)
        for image, people in found.pictures
        for row in people
    ]
    with written_whole(path) as partial:
        partial.write_text('[' + ',\n'.join(rows) + ']\n', encoding='utf-8')


def write_csv(found: Found, path: Path) -> None:
    """Write a table with a row for each keypoint of each person.

    A cell is empty where there is no such thing, such as the frame of a photo
    or the sigmas of a model without.

    Raises:
        OSError: It cannot be written.
    """
    none = [''] * 2 * len(found.names)
    with (
        written_whole(path) as partial,
        open(partial, 'w', encoding='utf-8', newline='') as file,
    ):
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for image, people in found.pictures:
            about = [image.get(x) for x in ABOUT]
            for number, row in enumerate(people):
                person = number, row.get('track_id'), row['score']
                points = _in_rows(row['keypoints'], 3)
                sigmas = _in_rows(row.get('keypoint_sigmas', none), 2)
                table.writerows(
                    (*about, *person, name, *point, *sigma)
                    for name, point, sigma in zip(found.names, points, sigmas)
                )


def _in_rows(values: list, width: int) -> list[list]:
    return np.reshape(values, (-1, width)).tolist()


def write_openpose(found: Found, folder: Path) -> None:
    """Write OpenPose's JSON, a file for each picture.

    The keypoints are in the model's own order. A track's number is the
    ``person_id``, which is -1 without one.

    Raises:
        OSError: It cannot be written.
        ValueError: Two pictures would have the same file.
    """
    given: dict[str, str] = {}
    with written_folder(folder) as partial:
        for image, people in found.pictures:
            source = image['file_name']
            stem = Path(source).with_suffix('').as_posix().replace('/', '_')
            if 'frame' in image:
                stem += f'_{image["frame"]:012}'
            name = f'{stem}_keypoints.json'
            if name in given:
                raise UserValueError(
                    f'"{given[name]}" and "{source}" would both be {name} in '
                    "OpenPose's format. Rename one of them."
                )
            given[name] = source
            rows = [
                {
                    'person_id': [row.get('track_id', -1)],
                    **EMPTY,
                    'pose_keypoints_2d': row['keypoints'],
                }
                for row in people
            ]
            content = dict(version=1.3, people=rows)
            (partial / name).write_text(json.dumps(content), encoding='utf-8')
        remove_openpose(folder)


def remove_openpose(folder: Path) -> None:
    """Remove the files of ``write_openpose``, where there are any."""
    for file in folder.glob('*_keypoints.json'):
        file.unlink()
