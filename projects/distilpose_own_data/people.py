"""Making annotations what MMPose expects of them.

P: people. K: keypoints. Boxes are x, y, width, height; all in pixels.
"""

import math
from typing import Any

import numpy as np

from distilpose.checks.findings import NEVER
from distilpose.data.boxes import is_box

from .coco_file import Annotations
from .report import Report

__all__ = ['tidy_people']

Item = dict[str, Any]

MARGIN = 0.1
"""What a box made of keypoints has around them, in its longer side."""

AREA = 0.53
"""The share of a box that a body covers, as MMPose takes it."""

OUT = 0.25
"""The share of a box's width or height that may lie outside of its image."""

NO_BOX = (
    'have no box (bbox) with an area in their image, and no two keypoints '
    'that would give one'
)


def tidy_people(
    read: Annotations, images: dict[Any, Item], report: Report
) -> list[Item]:
    """Give the people that can be used, with all that MMPose asks for.

    Args:
        read: What was read.
        images: The images that are there, by the id that was read, with
            ``width``, ``height`` and a new ``id``.
        report: Told what was changed or left out.

    Returns:
        Annotations in COCO format, with the ids that were read.
    """
    left_out: dict[str, list[Any]] = {}
    unreadable: list[str] = []
    made_boxes: list[Any] = []
    reaching: list[Any] = []
    outside: list[Any] = []
    people: list[Item] = []
    known = [p for p in read.people if p['image_id'] in images]
    for person in known:
        image = images[person['image_id']]
        keypoints = _keypoints(person.get('keypoints'), len(read.names))
        if keypoints is None and person.get('keypoints'):
            there = _described(person['keypoints'])
            unreadable.append(f'{person["id"]} with {there}')
            continue
        reason = _why_not(person, keypoints)
        if keypoints is None or reason:
            left_out.setdefault(reason, []).append(person['id'])
            continue
        box = _box(person.get('bbox'), image)
        if box is None:
            box = _box_of(keypoints, image)
            if box is None:
                left_out.setdefault(NO_BOX, []).append(person['id'])
                continue
            made_boxes.append(person['id'])
        elif _reaches_out(box, image):
            reaching.append(person['id'])
        if _any_outside(keypoints, image):
            outside.append(person['id'])
        people.append(_annotation(person, keypoints, box, image))
    total = len(known)
    k = len(read.names)
    report.add(
        f'{{}} people do not have {3 * k} numbers as keypoints: x, y and '
        f'visibility of each of {k}.',
        unreadable,
        total,
    )
    for reason, ids in left_out.items():
        report.changed(f'{{}} people {reason}, and are left out.', ids, total)
    report.changed(
        '{} people had no box, or one of no size: it is made of their '
        'keypoints.',
        made_boxes,
        total,
    )
    report.add(
        '{} people have a box (bbox) that reaches far out of their image: it '
        'must be x, y, width, height, not two corners.',
        reaching,
        total,
        NEVER,
    )
    report.add(
        '{} people have labelled keypoints outside of their image.',
        outside,
        total,
        NEVER,
    )
    return people


def _why_not(person: Item, keypoints: np.ndarray | None) -> str:
    if keypoints is None:
        return 'have no keypoints'
    if person.get('iscrowd'):
        return 'are crowds (iscrowd)'
    return '' if keypoints[:, 2].any() else 'have no labelled keypoint'


def _keypoints(values: Any, number: int) -> np.ndarray | None:
    """Read keypoints (K, 3): x, y, and visibility 0, 1 or 2."""
    try:
        found = np.array(values, dtype=float).reshape(number, 3)
    except (TypeError, ValueError):
        return None
    seen = np.isfinite(found).all(1) & (found[:, 2] > 0)
    found[~seen] = 0
    found[:, 2] = np.minimum(np.ceil(found[:, 2]), 2)
    return found


def _described(keypoints: Any) -> str:
    if isinstance(keypoints, list):
        return f'{len(keypoints)} values'
    return f'{str(keypoints)[:30]!r}'


def _box(box: Any, image: Item) -> list[float] | None:
    """Give a box, if it is one and has an area within its image."""
    if not is_box(box):
        return None
    x, y, w, h = map(float, box)
    inside_w = min(x + w, image['width']) - max(x, 0)
    inside_h = min(y + h, image['height']) - max(y, 0)
    return [x, y, w, h] if inside_w > 1 and inside_h > 1 else None


def _box_of(keypoints: np.ndarray, image: Item) -> list[float] | None:
    """Make a box around labelled keypoints, cut at the image's border."""
    points = keypoints[keypoints[:, 2] > 0, :2]
    near, far = points.min(0), points.max(0)
    if (far - near).max() < 1:
        return None
    margin = max(MARGIN * (far - near).max(), 1)
    last = np.array([image['width'], image['height']])
    near = np.clip(near - margin, 0, last)
    far = np.clip(far + margin, 0, last)
    return _box([*near.tolist(), *(far - near).tolist()], image)


def _reaches_out(box: list[float], image: Item) -> bool:
    x, y, w, h = box
    out_w = max(-x, x + w - image['width'])
    out_h = max(-y, y + h - image['height'])
    return out_w > OUT * w or out_h > OUT * h


def _any_outside(keypoints: np.ndarray, image: Item) -> bool:
    points = keypoints[keypoints[:, 2] > 0, :2]
    last = (image['width'], image['height'])
    return bool(((points < 0) | (points > last)).any())


def _annotation(
    person: Item, keypoints: np.ndarray, box: list[float], image: Item
) -> Item:
    area = person.get('area')
    if not isinstance(area, (int, float)) or not 0 < area < math.inf:
        area = AREA * box[2] * box[3]
    return dict(
        id=person['id'],
        image_id=image['id'],
        category_id=1,
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
