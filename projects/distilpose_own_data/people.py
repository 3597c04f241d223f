"""Turns annotations into those that MMPose expects.

K: keypoints. Boxes are x, y, width, height; all in pixels.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from distilpose.checks.report import FEW, NEVER, Report
from distilpose.checks.values import LARGEST_AREA, SMALLEST_AREA
from distilpose.data.boxes import is_box
from distilpose_runtime.few import few

from .annotation_file import Annotations

__all__ = ['box_of', 'tidy_people']

Item = dict[str, Any]

MARGIN = 0.1
"""What a box made of keypoints has around them, in its longer side."""

SAME = 0.05
"""How far boxes of one person differ, in their longer side."""

AREA = 0.53
"""The share of a box that a body covers, as MMPose takes it."""

LOST = 'are of an image that the file does not list'
UNREADABLE = 'have other keypoints than the file names'
RENUMBERED = 'have the id of another one'
TWICE = 'are there twice, and one is kept.'
NO_BOX = (
    'have no box (bbox) with an area in their image, and no two keypoints '
    'that would give one, and are left out.'
)
MADE_BOX = 'had no box, or one of no size: it is made of their keypoints.'
MADE_AREA = (
    'had an area that cannot be that of their box (bbox), which AP would take '
    f'for their size: it is {AREA} of the box.'
)


def tidy_people(
    read: Annotations, images: dict[Any, Item], report: Report
) -> list[Item]:
    """Choose the people that can be used, with all that MMPose needs.

    Args:
        read: What was read.
        images: The images that are there, by the id that was read, with
            ``width``, ``height`` and a new ``id``.
        report: What was changed or left out is added here.

    Returns:
        Annotations in COCO format, with their ids and categories as read.
    """
    listed = {image['id'] for image in read.images}
    told: dict[str, list[Any]] = defaultdict(list)
    people = []
    first: dict[Any, Item] = {}
    for i, person in enumerate(read.people, start=1):
        name = person.get('id')
        if name is None:
            name = f'number {i}'
        if person.get('image_id') not in listed:
            told[LOST] += [f'{name} of image {person.get("image_id")!r}']
            continue
        other = first.setdefault(name, person)
        if other is not person and other == person:
            told[TWICE].append(name)
            continue
        image = images.get(person['image_id'])
        given = person.get('keypoints')
        keypoints = _keypoints(given, len(read.names))
        if keypoints is None and image and given:
            is_list = isinstance(given, list)
            what = f'{len(given)} values' if is_list else repr(str(given)[:30])
            told[UNREADABLE].append(f'{name} with {what}')
            continue
        tidied, remarks = _tidied(person, keypoints, image)
        if tidied is not None:
            people.append(dict(tidied, id=name))
            remarks += [RENUMBERED] * (other is not person)
        for remark in remarks:
            told[remark].append(name)
    _tell(told, read, report)
    _tell_doubles(people, report)
    return people


def _tell_doubles(people: list[Item], report: Report) -> None:
    by_image: dict[Any, list[np.ndarray]] = defaultdict(list)
    doubles = []
    for person in people:
        x, y, width, height = person['bbox']
        corners = np.array([x, y, x + width, y + height])
        others = by_image[person['image_id']]
        apart = [abs(corners - other).max() for other in others]
        if min(apart, default=np.inf) <= SAME * max(width, height):
            doubles.append(person['id'])
        others.append(corners)
    report.add(
        '{} people have nearly the box of another one in their photo. If '
        'several annotators labelled it, keep the people of one: AP would '
        'count the others as missed.',
        doubles,
        len(people),
        NEVER,
    )


def _tell(
    told: dict[str, list[Any]], read: Annotations, report: Report
) -> None:
    total, k = len(read.people), len(read.names)
    ids = few([repr(image['id']) for image in read.images], 3)
    report.add(
        f'{{}} annotations {LOST} (ids there: {ids}), and are left out.',
        told.pop(LOST, []),
        total,
        FEW,
    )
    report.add(
        f'{{}} people do not have {3 * k} numbers as keypoints: x, y and '
        f'visibility of each of {k}.',
        told.pop(UNREADABLE, []),
        total,
    )
    report.add(
        f'{{}} annotations {RENUMBERED}, with other contents. They are kept, '
        'with new ids; see that they are of different people.',
        told.pop(RENUMBERED, []),
        total,
        NEVER,
    )
    for remark, names in told.items():
        report.changed(f'{{}} people {remark}', names, total)


def _keypoints(values: Any, number: int) -> np.ndarray | None:
    """Read keypoints (K, 3): x, y, and visibility 0, 1 or 2."""
    if not number:  # boxes alone are read
        return np.zeros((0, 3))
    try:
        found = np.array(values, dtype=float).reshape(number, 3)
    except (TypeError, ValueError):
        return None
    seen = np.isfinite(found).all(1) & (found[:, 2] > 0)
    found[~seen] = 0
    found[:, 2] = np.minimum(np.ceil(found[:, 2]), 2)
    return found


def box_of(box: Any, keypoints: np.ndarray, image: Item) -> list[float] | None:
    """A box, or one made of keypoints (K, 3) if it has no size, or None."""
    return _box(box, image) or _box_of(keypoints, image)


def _box(box: Any, image: Item) -> list[float] | None:
    """Return a box if it is valid and has an area within its image."""
    if not is_box(box):
        return None
    x, y, w, h = map(float, box)
    inside_w = min(x + w, image['width']) - max(x, 0)
    inside_h = min(y + h, image['height']) - max(y, 0)
    return [x, y, w, h] if inside_w > 1 and inside_h > 1 else None


def _box_of(keypoints: np.ndarray, image: Item) -> list[float] | None:
    """Make a box around labelled keypoints, cut at the image's border."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    if not len(points):
        return None
    near, far = points.min(0), points.max(0)
    if (far - near).max() < 1:
        return None
    margin = max(MARGIN * (far - near).max(), 1)
    last = np.array([image['width'], image['height']])
    near = np.clip(near - margin, 0, last)
    far = np.clip(far + margin, 0, last)
    return _box([*near.tolist(), *(far - near).tolist()], image)


def _tidied(
    person: Item, keypoints: np.ndarray | None, image: Item | None
) -> tuple[Item | None, list[str]]:
    """An annotation without its id, and what was changed; or None, and why."""
    if image is None:
        return None, ['are of photos that cannot be used, and are left out.']
    if keypoints is None:
        return None, ['have no keypoints, and are left out.']
    if person.get('iscrowd'):
        return None, ['are crowds (iscrowd), and are left out.']
    if len(keypoints) and not keypoints[:, 2].any():
        return None, ['have no labelled keypoint, and are left out.']
    box, changes = _box(person.get('bbox'), image), []
    if box is None:
        box, changes = _box_of(keypoints, image), [MADE_BOX]
    if box is None:
        return None, [NO_BOX]
    size = box[2] * box[3]
    area: Any = person.get('area')
    known = isinstance(area, (int, float))
    if not known or not SMALLEST_AREA * size <= area <= LARGEST_AREA * size:
        area = AREA * size
        changes += [MADE_AREA] if known and not changes else []
    found = dict(
        image_id=image['id'],
        category_id=person.get('category_id'),
        iscrowd=0,
        bbox=[round(value, 2) for value in box],
        area=round(float(area), 2),
        num_keypoints=int((keypoints[:, 2] > 0).sum()),
        keypoints=[
            number
            for x, y, v in keypoints.tolist()
            for number in (round(x, 2), round(y, 2), int(v))
        ],
    )
    return found, changes
