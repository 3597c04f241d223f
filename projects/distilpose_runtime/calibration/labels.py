"""Labelled keypoints of people, from a file in COCO's format.

N: people in a picture. K: keypoints of the model.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import UserFileNotFoundError, UserValueError
from ..people import few, plain_path

__all__ = ['Labels', 'read_labels']


class Labels(NamedTuple):
    """The labelled people of a picture.

    Attributes:
        path: Its file.
        boxes: Their boxes (N, 4), (x1, y1, x2, y2), pixels.
        keypoints: Their keypoints (N, K, 2), pixels.
        labelled: Which keypoints have labels, hidden ones included, (N, K).
    """

    path: Path
    boxes: np.ndarray
    keypoints: np.ndarray
    labelled: np.ndarray


def read_labels(
    file: Path, folder: Path, names: Sequence[str]
) -> list[Labels]:
    """Read the people of an annotation file that have labels.

    Crowds, and people without a box or a label, are left out. Keypoints are
    matched by the names of the person's category.

    Args:
        file: An annotation file in COCO's format.
        folder: Holds the pictures, by their names with or without folders.
        names: The K keypoints of a model.

    Raises:
        OSError: The file or a picture is not there.
        ValueError: It is no such file, or has no label of a keypoint of the
            model.
    """
    try:
        found = json.loads(file.read_text(encoding='utf-8-sig'))
        index, known = _indices(found['categories'], names)
        people: dict[Any, list[tuple]] = {}
        for row in found['annotations']:
            person = _person(row, index)
            if person is not None:
                people.setdefault(row['image_id'], []).append(person)
        pictures = {
            plain_path(str(x['file_name'])): people[x['id']]
            for x in found['images']
            if x['id'] in people
        }
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f'{error} is missing' if isinstance(error, KeyError) else error
        raise UserValueError(
            f'"{file}" holds no keypoints ({what}). Expected an annotation '
            "file in COCO's format, whose categories name their keypoints."
        ) from error
    if not pictures:
        raise UserValueError(
            f'"{file}" labels no keypoint that the model predicts: it has '
            f'{few(known)}, the model {few([*names])}. Expected people with '
            'boxes and labelled keypoints of these names.'
        )
    return [
        Labels(path, *map(np.array, zip(*pictures[name])))
        for name, path in _paths(folder, [*pictures], file).items()
    ]


def _indices(
    categories: list[dict], names: Sequence[str]
) -> tuple[dict[Any, list[int | None]], list[str]]:
    """Where each category has the keypoints of a model; and all its names."""
    index: dict[Any, list[int | None]] = {}
    known: dict[str, None] = {}
    for category in categories:
        own = [str(x).strip() for x in category.get('keypoints') or []]
        known.update(dict.fromkeys(own))
        index[category['id']] = [
            own.index(name) if name in own else None for name in names
        ]
    return index, [*known] or ['none']


def _person(
    row: dict[str, Any], index: dict[Any, list[int | None]]
) -> tuple | None:
    """Box (4), keypoints (K, 2) and which are labelled (K); None without."""
    order = index.get(row.get('category_id'))
    given = np.array(row.get('keypoints') or [], float).reshape(-1, 3)
    if order is None or row.get('iscrowd') or not row.get('bbox'):
        return None
    absent = np.zeros(3)
    points = np.array([absent if i is None else given[i] for i in order])
    labelled = (points[:, 2] > 0) & np.isfinite(points).all(1)
    x, y, width, height = map(float, row['bbox'])
    box = [x, y, x + width, y + height]
    return (box, points[:, :2], labelled) if labelled.any() else None


def _paths(folder: Path, names: list[str], file: Path) -> dict[str, Path]:
    """The files of pictures by their names.

    Raises:
        FileNotFoundError: One is missing.
    """
    found = {}
    for name in names:
        paths = folder / name, folder / Path(name).name
        found[name] = next((x for x in paths if x.is_file()), paths[0])
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing:
        raise UserFileNotFoundError(
            f'"{folder}" lacks {len(missing)} of the {len(names)} pictures of '
            f'"{file}": {few(missing)}. Name their folder with --images.'
        )
    return found
