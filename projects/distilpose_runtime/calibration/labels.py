"""Labelled keypoints of people, from a file in COCO's format.

N: people in a picture. K: keypoints of the model.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..coco_file import people_of, read_json, text_of
from ..errors import UserFileNotFoundError, UserValueError
from ..few import few
from ..people import plain_path

__all__ = ['Labels', 'read_labels']


class Labels(NamedTuple):
    """The labelled people of a picture.

    Attributes:
        path: Its file.
        boxes: Their boxes (N, 4), (x1, y1, x2, y2), pixels.
        keypoints: Their keypoints (N, K, 2), pixels.
        labelled: Which keypoints have labels, hidden ones included, (N, K).
        size: Width and height that the file gives; None for either if it
            does not.
    """

    path: Path
    boxes: np.ndarray
    keypoints: np.ndarray
    labelled: np.ndarray
    size: tuple[Any, Any] = (None, None)


def read_labels(
    file: Path, folder: Path, names: Sequence[str]
) -> list[Labels]:
    """Read the people of an annotation file that have labels.

    Crowds, and people without a box or a label, are left out; where a
    category "person" has keypoints, other categories as well. Keypoints are
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
        found = read_json(file)
        found['categories'] = [
            x for x in found['categories'] if x.get('keypoints')
        ]
        known = {
            str(x['id']): [str(name).strip() for name in x['keypoints']]
            for x in found['categories']
        }
        images = _names(found['images'])
        sizes = {
            images[text_of(x['id'])]: (x.get('width'), x.get('height'))
            for x in found['images']
        }
        pictures: dict[str, list[tuple]] = {x: [] for x in images.values()}
        for row in people_of(found, Counter()):
            own = known.get(str(row.get('category_id')))
            person = _person(row, own, names) if own else None
            if person is not None:
                pictures[images[text_of(row['image_id'])]].append(person)
        pictures = {name: rows for name, rows in pictures.items() if rows}
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f'{error} is missing' if isinstance(error, KeyError) else error
        raise UserValueError(
            f'"{file}" holds no keypoints ({what}). Expected an annotation '
            "file in COCO's format, whose categories name their keypoints."
        ) from error
    if not pictures:
        theirs = dict.fromkeys(sum(known.values(), []))
        raise UserValueError(
            f'"{file}" labels no keypoint that the model predicts: it has '
            f'{few(theirs)}; the model has {few(names)}. Expected people with '
            'boxes and labelled keypoints of these names.'
        )
    read = []
    for name, path in _paths(folder, [*pictures], file).items():
        boxes, points, labelled = map(np.array, zip(*pictures[name]))
        read.append(Labels(path, boxes, points, labelled, sizes[name]))
    return read


def _names(images: list[dict]) -> dict[str, str]:
    """Names of images by their ids, as texts."""
    found: dict[str, str] = {}
    for image in images:
        name, key = plain_path(str(image['file_name'])), text_of(image['id'])
        if found.setdefault(key, name) != name:
            raise UserValueError(
                f'"{found[key]}" and "{name}" have the same id, {key}'
            )
    return found


def _person(
    row: dict[str, Any], own: list[str], names: Sequence[str]
) -> tuple | None:
    """Box (4), keypoints (K, 2) and which are labelled (K); None without.

    ``own`` are the names of the row's keypoints.
    """
    if not row.get('keypoints'):
        return None
    rows = np.array(row['keypoints'], float).reshape(-1, 3)
    given = dict(zip(own, rows, strict=True))
    points = np.array([given.get(name, np.zeros(3)) for name in names])
    labelled = (points[:, 2] > 0) & np.isfinite(points).all(1)
    x, y, width, height = map(float, row['bbox'])
    box = [x, y, x + width, y + height]
    return (box, points[:, :2], labelled) if labelled.any() else None


def _paths(folder: Path, names: list[str], file: Path) -> dict[str, Path]:
    """The files of pictures by their names.

    Raises:
        FileNotFoundError: One is missing.
        ValueError: Several would be the same file.
    """
    found = {}
    for name in names:
        path = folder / name
        found[name] = path if path.is_file() else folder / path.name
    shared = Counter(found.values())
    unclear = [name for name, path in found.items() if shared[path] > 1]
    if unclear:
        raise UserValueError(
            f'"{file}" has {len(unclear)} pictures of equal names in several '
            f'folders, which "{folder}" lacks: {few(unclear)}. Name the '
            'folder above them with --images.'
        )
    missing = [name for name, path in found.items() if not path.is_file()]
    if missing:
        raise UserFileNotFoundError(
            f'"{folder}" lacks {len(missing)} of the {len(names)} pictures of '
            f'"{file}": {few(missing)}. Name their folder with --images.'
        )
    return found
