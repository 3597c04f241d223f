"""Checks of what an annotation file in COCO format says about people."""

import math
from collections import Counter
from typing import Any

import numpy as np

from ..data.boxes import is_box, touches
from .report import Report
from .values import (
    add_faults,
    area_faults,
    box_faults,
    keypoint_faults,
    sizes_of,
)

__all__ = ['check_people']

Item = dict[str, Any]

_CROWD = 'are crowds (iscrowd)'
_NO_KEYPOINTS = 'have num_keypoints 0'
_UNLABELLED = 'have no "keypoints"'
_USUAL = (_CROWD, _NO_KEYPOINTS)


def check_people(
    content: Item, num_keypoints: int | None, report: Report
) -> None:
    """Check that the people whom MMPose keeps can be trained on.

    Args:
        content: A file in COCO format.
        num_keypoints: How many keypoints the dataset has; None if its people
            need only have the same number.
        report: What is found is added here.
    """
    images = {image['id']: image for image in content.get('images') or []}
    people = _kept_people(content.get('annotations') or [], images, report)
    unreadable = [p['id'] for p in people if not is_box(p['bbox'])]
    report.add(
        '{} people have a box (bbox) that is not four finite numbers.',
        unreadable,
        len(people),
    )
    people = _of_right_length(people, 3 * (num_keypoints or 0), report)
    if unreadable or not people:
        return
    try:
        keypoints = np.array(
            [_flat(person['keypoints']) for person in people],
            np.float32,
        ).reshape(len(people), -1, 3)
    except (TypeError, ValueError) as error:
        report.errors.append(f'Some keypoints are not numbers: {error}.')
        return
    boxes = np.array([person['bbox'] for person in people], np.float32)
    sizes = sizes_of(images[person['image_id']] for person in people)
    areas = np.array(
        [
            area if isinstance(area, (int, float)) else math.nan
            for area in (person.get('area') for person in people)
        ]
    )
    faults = [
        *box_faults(boxes, sizes),
        *area_faults(areas, boxes),
        *keypoint_faults(keypoints, boxes, sizes),
    ]
    ids = [f'annotation {person["id"]}' for person in people]
    add_faults('people', faults, ids, report)


def _of_right_length(
    people: list[Item], expected: int, report: Report
) -> list[Item]:
    """Choose people with this number of values, or with the usual one."""
    lengths = [len(_flat(person['keypoints'])) for person in people]
    if not expected and lengths:
        expected = Counter(lengths).most_common(1)[0][0]
    fits = [length == expected and length % 3 == 0 for length in lengths]
    report.add(
        f'{{}} people have keypoints of another length than {expected}: each '
        'needs x, y and visibility of every keypoint of the dataset, as '
        'named in its metainfo.',
        [
            f'annotation {person["id"]} with {length} numbers'
            for person, length, fit in zip(people, lengths, fits)
            if not fit
        ],
        len(people),
    )
    return [person for person, fit in zip(people, fits) if fit]


def _kept_people(
    annotations: list[Item], images: dict[Any, Item], report: Report
) -> list[Item]:
    """Choose the annotations that MMPose keeps, and report the others."""
    by_reason: dict[str | None, list[Item]] = {}
    for person in annotations:
        reason = _why_dropped(person, images.get(person['image_id']))
        by_reason.setdefault(reason, []).append(person)
    kept = by_reason.pop(None, [])
    total = len(annotations)
    if kept:
        for reason, people in by_reason.items():
            (report.facts if reason in _USUAL else report.warnings).append(
                f'{len(people)} of {total} annotations {reason}: not used.'
            )
    else:
        told = [f'{len(p)} {reason}' for reason, p in by_reason.items()]
        advice = ''
        if by_reason.keys() & {_NO_KEYPOINTS, _UNLABELLED}:
            advice = (
                ' To distil a teacher into a student on boxes alone, use '
                "dict(type='UnlabelledPeopleDataset', ...)."
            )
        report.errors.append(
            f'Nobody is left. Of {total} annotations MMPose uses none: '
            f'{"; ".join(told) or "there are none"}.{advice}'
        )
    return kept


def _why_dropped(person: Item, image: Item | None) -> str | None:
    """Say why BaseCocoStyleDataset drops a person; None if it keeps it."""
    if image is None:
        return 'are of an image that the file does not name'
    if 'bbox' not in person:
        return 'have no "bbox"'
    if 'keypoints' not in person:
        return _UNLABELLED
    if person.get('iscrowd'):
        return _CROWD
    if person.get('num_keypoints') == 0:
        return _NO_KEYPOINTS
    if is_box(person['bbox']) and not touches(person['bbox'], image):
        return 'have a box (bbox) without any area inside their image'
    if _are_at_origin(_flat(person['keypoints'])):
        return 'have no keypoint but at (0, 0)'
    return None


def _flat(keypoints: Any) -> list[Any]:
    """Keypoints as one list, which some files give as a list of lists."""
    if keypoints and isinstance(keypoints[0], (list, tuple)):
        return [value for point in keypoints for value in point]
    return keypoints or []


def _are_at_origin(values: list[Any]) -> bool:
    return all(
        isinstance(value, (int, float)) and value <= 0
        for value in (*values[0::3], *values[1::3])
    )
