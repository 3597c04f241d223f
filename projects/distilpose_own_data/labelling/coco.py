"""A teacher's labels in COCO's keypoint format.

K: keypoints. Boxes are x, y, width, height; all in pixels of the picture.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from ..people import AREA

__all__ = ['Tally', 'coco_text', 'labels_of', 'table']

Item = dict[str, Any]


class Tally:
    """What the labels of people say, counted while they are written.

    Attributes:
        pictures: How many there are.
        people: How many there are.
        visible: For each v, 0 to 2, how many keypoints have it, (3, K).
        confidence: Sums of the teacher's confidences (K,).
        highest: The highest of them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.pictures = self.people = 0
        self.visible = np.zeros((3, len(names)), int)
        self.confidence = np.zeros(len(names))
        self.highest = 0.0

    def add(self, person: Item) -> None:
        """Count an annotation."""
        self.people += 1
        self.visible += np.array(person['keypoints'][2::3]) == [[0], [1], [2]]
        self.confidence += person['keypoint_scores']
        self.highest = max(self.highest, *person['keypoint_scores'])


def labels_of(
    begun: Item,
    pictures: Callable[[], Iterable[Item]],
    sure: float,
    unsure: float,
) -> tuple[Item, Tally]:
    """Make the content of an annotation file, an item at a time.

    A keypoint is visible (2) from the confidence ``sure`` on, labelled but
    not visible (1) from ``unsure`` on, and else, or outside of its picture,
    not labelled (0). The teacher's own ``keypoint_scores`` (K) and, where it
    has them, ``keypoint_sigmas`` (2 K, x and y) are kept for all.

    Args:
        begun: The teacher and the settings with which labelling began.
        pictures: Gives the entries of journals, in the order of the file.
        sure: A confidence, 0 to 1.
        unsure: A lower one.

    Returns:
        The content, whose images and annotations are iterators, and what is
        counted while these are gone through.
    """
    tally = Tally(begun['keypoints'])
    category = dict(
        id=1,
        name='person',
        supercategory='person',
        keypoints=begun['keypoints'],
        skeleton=[[i + 1, j + 1] for i, j in begun['skeleton']],
    )
    about = {k: x for k, x in begun.items() if k not in category}
    about.update(sure=sure, unsure=unsure)
    content = dict(
        info=dict(description='labels of a teacher', **about),
        licenses=[],
        categories=[category],
        images=_images(pictures(), tally),
        annotations=_annotations(pictures(), tally, sure, unsure),
    )
    return content, tally


def _images(pictures: Iterable[Item], tally: Tally) -> Iterator[Item]:
    for number, picture in enumerate(pictures, start=1):
        tally.pictures = number
        image = {k: v for k, v in picture.items() if k != 'people'}
        yield dict(id=number, **image)


def _annotations(
    pictures: Iterable[Item], tally: Tally, sure: float, unsure: float
) -> Iterator[Item]:
    for number, picture in enumerate(pictures, start=1):
        for person in picture['people']:
            found = dict(id=tally.people + 1, image_id=number)
            found |= _annotation(person, picture, sure, unsure)
            tally.add(found)
            yield found


def _annotation(person: Item, image: Item, sure: float, unsure: float) -> Item:
    size = np.array([image['width'], image['height']])
    values = np.array(person['keypoints'])  # (K, 5)
    points, scores = values[:, :2].round(2), values[:, 2]
    visible = np.where(scores >= sure, 2, 1)
    inside = ((points >= 0) & (points < size)).all(1)
    visible[(scores < unsure) | ~inside] = 0
    points[visible == 0] = 0
    corners = np.clip(np.reshape(person['box'], (2, 2)), 0, size)
    box = [*corners[0], *(corners[1] - corners[0])]
    found = dict(
        category_id=1,
        bbox=[round(float(x), 2) for x in box],
        area=round(float(AREA * box[2] * box[3]), 2),
        iscrowd=0,
        segmentation=[],
        num_keypoints=int((visible > 0).sum()),
        keypoints=[
            number
            for (x, y), v in zip(points.tolist(), visible.tolist())
            for number in (x, y, v)
        ],
        bbox_score=person['score'],
        keypoint_scores=scores.tolist(),
    )
    if values.shape[1] > 3:
        found['keypoint_sigmas'] = values[:, 3:].ravel().tolist()
    return found


def coco_text(content: Item) -> Iterator[str]:
    """The text of an annotation file, an image or person a line.

    It comes in pieces, and lists in ``content`` may be iterators. A file's
    name may not be Unicode: encode it with ``backslashreplace``, which JSON
    reads as the same.
    """
    start = '{'
    for key, value in content.items():
        yield f'{start}"{key}": '
        if isinstance(value, (list, Iterator)):
            yield '['
            for number, item in enumerate(value):
                yield (',\n' if number else '\n') + _line(item)
            yield '\n]'
        else:
            yield _line(value)
        start = ',\n'
    yield '}\n'


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def table(tally: Tally) -> str:
    """How many keypoints are labelled, and how sure the teacher is of them."""
    columns = tally.visible[::-1]
    mean = tally.confidence / tally.people
    rows = [*zip(tally.names, *columns, mean)]
    rows.append(('all', *columns.sum(1), mean.mean()))
    headers = ['keypoint', 'sure', 'less sure', 'left out', 'confidence']
    return tabulate(rows, headers, floatfmt='.2f')
