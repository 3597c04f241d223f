"""Who is in a picture: from a file of boxes, a detector, or the whole of it.

N: people. Boxes are (x1, y1, x2, y2), pixels of the picture.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .boxes import box_faults
from .errors import UserValueError
from .frames import Frame, Source
from .media import Images

__all__ = [
    'BoxFile',
    'People',
    'choose',
    'image_ids',
    'plain_path',
    'whole_picture',
]


class People(NamedTuple):
    """The people in a picture.

    Attributes:
        boxes: Their boxes (N, 4).
        scores: How sure a detector is of them, (N,).
    """

    boxes: np.ndarray
    scores: np.ndarray

    def take(self, indices: Any) -> 'People':
        return People(self.boxes[indices], self.scores[indices])


# What finds people, and the score below which it may leave them out.
Finder = Callable[[Frame, float], People]


def whole_picture(frame: Frame, min_score: float) -> People:
    """Take the whole picture for one person."""
    height, width = frame.image.shape[:2]
    return People(
        np.array([[0, 0, width, height]], np.float32), np.ones(1, np.float32)
    )


def choose(
    people: People,
    image: np.ndarray,
    min_score: float,
    largest: int | None,
    faults: Counter,
) -> People:
    """Leave out whom nobody wants, and boxes that show nothing.

    Args:
        people: Who was found.
        image: The picture, of which the size is read.
        min_score: People of lower scores are left out.
        largest: How many to keep, those with the largest boxes; None for all.
        faults: Counts the boxes that show nothing, by what is wrong.

    Returns:
        The others, in the order that they had.
    """
    bad = box_faults(image, people.boxes)
    faults.update(bad.values())
    scores = np.where(np.isfinite(people.scores), people.scores, -np.inf)
    keep = [i for i in np.flatnonzero(scores >= min_score) if i not in bad]
    if largest is not None:
        sides = people.boxes[keep, 2:] - people.boxes[keep, :2]
        order = np.argsort(-sides.prod(1), kind='stable')[:largest]
        keep = sorted(keep[i] for i in order)
    return people.take(np.array(keep, int))


class BoxFile:
    """Boxes from a JSON file of COCO's.

    It is an annotation file, whose crowds are left out, or a list of results
    as detectors write it. Pictures are found by the name of their file, whole
    or without its folders, else by the number that the name holds; frames of
    a video by their number.

    Args:
        path: The file.

    Attributes:
        free_id: A number above those of all its pictures.
        unknown: Names of pictures that were asked for and are not in it.
        without_box: How many of its annotations have no box.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no boxes of that form.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unknown: list[str] = []
        self.names: dict[str, Any] = {}
        self.without_box = 0
        try:
            found = json.loads(path.read_text(encoding='utf-8-sig'))
            if isinstance(found, dict):
                self.names = {
                    plain_path(str(item['file_name'])): item['id']
                    for item in found['images']
                }
                people = _of_people(found)
                rows = [row for row in people if row.get('bbox')]
                self.without_box = len(people) - len(rows)
                _expect_boxes(people, rows, {*self.names.values()})
            else:
                rows = [x for x in found if x.get('category_id', 1) == 1]
            self._boxes = _by_picture(rows)
            bases = Counter(map(_base, self.names))
            self._by_base = {
                _base(name): image_id
                for name, image_id in self.names.items()
                if bases[_base(name)] == 1
            }
            ids = [*self.names.values(), *self._boxes]
            self.free_id = max(map(int, ids), default=0) + 1
        except (
            AttributeError,
            KeyError,
            OverflowError,  # an id that is infinite
            TypeError,
            ValueError,
        ) as error:
            what = (
                f'{error} is missing' if isinstance(error, KeyError) else error
            )
            raise UserValueError(
                f'"{path}" holds no boxes ({what}). '
                'Expected an annotation file of COCO, or a list of results '
                'with image_id, bbox [x, y, width, height] and score.'
            ) from error

    def image_id(self, frame: Frame) -> Any:
        """The number that the file has for a picture, or None.

        Args:
            frame: The picture. Its name is compared whole, then without
                folders, where the file has it once.
        """
        if frame.time is not None:
            return frame.number
        name = plain_path(frame.name)
        base = _base(name)
        for found in (name, base):
            if found in self.names:
                return self.names[found]
        if base in self._by_base:
            return self._by_base[base]
        stem = Path(base).stem
        return int(stem) if stem.isdecimal() and not self.names else None

    def __call__(self, frame: Frame, min_score: float) -> People:
        """Give the boxes of a picture."""
        image_id = self.image_id(frame)
        if image_id is None:
            self.unknown.append(frame.name)
        rows = self._boxes.get(image_id, [])
        values = np.array(rows, np.float32).reshape(-1, 5)
        values[:, 2:4] += values[:, :2]
        return People(values[:, :4], values[:, 4])


def _of_people(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations of single people in an annotation file."""
    categories = found.get('categories') or [dict(id=1, name='person')]
    persons = (
        [x for x in categories if str(x['name']).lower() == 'person']
        or [x for x in categories if x.get('keypoints')]
        or categories
    )
    if len(persons) > 1 and persons == categories:
        names = ', '.join(f'"{x["name"]}"' for x in categories)
        raise UserValueError(
            f'none of its categories ({names}) is called "person" or has '
            'keypoints'
        )
    ids = [None, *(x['id'] for x in persons)]
    return [
        row
        for row in found['annotations']
        if row.get('category_id') in ids and not row.get('iscrowd')
    ]


def _expect_boxes(people: list[Any], rows: list[Any], images: set) -> None:
    """See that annotations say where people are, and in which image."""
    if people and not rows:
        raise KeyError('bbox')
    if rows and images and not images & {row['image_id'] for row in rows}:
        raise UserValueError(
            f'its first box is of the image {rows[0]["image_id"]!r}, but '
            'none of its images has this id'
        )


def plain_path(name: str) -> str:
    """A path with usual slashes, and letters composed: a Mac's are not."""
    return unicodedata.normalize('NFC', name.replace('\\', '/'))


def _base(name: str) -> str:
    return name.rpartition('/')[2]


def _by_picture(
    rows: list[dict[str, Any]],
) -> dict[Any, list[tuple[float, ...]]]:
    found: dict[Any, list[tuple[float, ...]]] = {}
    for row in rows:
        x, y, width, height = map(float, row['bbox'])
        box = (x, y, width, height, float(row.get('score', 1)))
        found.setdefault(row['image_id'], []).append(box)
    return found


def image_ids(source: Source, boxes: BoxFile | None) -> Callable[[Frame], Any]:
    """Choose how the pictures of a source are numbered in its results.

    A file of boxes numbers them. Without one, the frames of videos have their
    number, and images the number that is the name of their file, as COCO's
    have, unless a name is none or two are the same. Then they are counted,
    from 1 on.
    """
    known: dict[str, int] = {}
    if isinstance(source, Images):
        stems = [path.stem for path in source.paths]
        numbers = [int(stem) for stem in stems if stem.isdecimal()]
        if len(set(numbers)) == len(stems):
            names = [
                path.relative_to(source.folder).as_posix()
                for path in source.paths
            ]
            known = dict(zip(names, numbers))

    def image_id(frame: Frame) -> Any:
        if boxes is not None:
            given = boxes.image_id(frame)
            return boxes.free_id + frame.number if given is None else given
        if frame.time is not None:
            return frame.number
        return known.get(frame.name, frame.number + 1)

    return image_id
