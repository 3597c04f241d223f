"""Checks of what an annotation file in COCO format says about people."""

import math
from collections import Counter
from typing import Any

import numpy as np

from ..data.boxes import is_box
from .findings import FEW, NEVER, Findings

__all__ = ['check_ids', 'check_keys', 'check_people']

Item = dict[str, Any]

_CROWD = 'are crowds (iscrowd)'
_NO_KEYPOINTS = 'have num_keypoints 0'
_UNLABELLED = 'have no "keypoints"'
_USUAL = (_CROWD, _NO_KEYPOINTS)


_KEYS = dict(
    images=('id', 'file_name'),
    annotations=('id', 'image_id'),
)


def check_keys(content: Item, findings: Findings) -> None:
    """See that images and annotations say what MMPose needs of each.

    Args:
        content: A file in COCO format.
        findings: What is found is added here.
    """
    for kind, keys in _KEYS.items():
        items = content.get(kind) or []
        findings.add(
            f'{{}} {kind} lack {" or ".join(keys)}. They are counted from 0.',
            [
                i
                for i, item in enumerate(items)
                if any(key not in item for key in keys)
            ],
            len(items),
        )


def check_ids(content: Item, findings: Findings) -> None:
    """See that each id of an image or an annotation means one of them.

    Args:
        content: A file in COCO format.
        findings: What is found is added here.
    """
    for kind, consequence in (
        ('images', 'people would be looked for in another picture'),
        ('annotations', 'people would get the keypoints of others'),
    ):
        items = content.get(kind) or []
        first: dict[Any, Item] = {}
        contradicting: list[Any] = []
        equal: list[Any] = []
        for item in items:
            other = first.setdefault(item['id'], item)
            if other is not item:
                (equal if other == item else contradicting).append(item['id'])
        findings.add(
            f'{{}} {kind} have an id that another one has, with other '
            f'contents: {consequence}. Number them anew.',
            contradicting,
            len(items),
        )
        findings.add(
            f'{{}} {kind} are given a second time.', equal, len(items), NEVER
        )


def check_people(
    content: Item, num_keypoints: int | None, findings: Findings
) -> None:
    """See that the people that MMPose keeps can be trained on.

    Args:
        content: A file in COCO format.
        num_keypoints: How many keypoints the dataset has; None if its people
            need only have the same number.
        findings: What is found is added here.
    """
    people = _kept_people(content, findings)
    unreadable = [p['id'] for p in people if not is_box(p['bbox'])]
    findings.add(
        '{} people have a box (bbox) that is not four finite numbers.',
        unreadable,
        len(people),
    )
    people = _of_right_length(people, 3 * (num_keypoints or 0), findings)
    if unreadable or not people:
        return
    try:
        keypoints = np.array(
            [_flat(person['keypoints']) for person in people], np.float32
        ).reshape(len(people), -1, 3)
    except (TypeError, ValueError) as error:
        findings.errors.append(f'Some keypoints are not numbers: {error}.')
        return
    boxes = np.array([person['bbox'] for person in people], np.float32)
    _check_values(keypoints, boxes, [p['id'] for p in people], findings)


def _of_right_length(
    people: list[Item], expected: int, findings: Findings
) -> list[Item]:
    """Give the people whose keypoints are so many numbers, or as of most."""
    lengths = [len(_flat(person['keypoints'])) for person in people]
    expected = expected or _most_common(lengths)
    fits = [length == expected and length % 3 == 0 for length in lengths]
    findings.add(
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


def _most_common(lengths: list[int]) -> int:
    return Counter(lengths).most_common(1)[0][0] if lengths else 0


def _kept_people(content: Item, findings: Findings) -> list[Item]:
    """Give the annotations that MMPose keeps, and tell of the others."""
    annotations = content.get('annotations') or []
    images = {image['id']: image for image in content.get('images') or []}
    by_reason: dict[str | None, list[Item]] = {}
    for person in annotations:
        reason = _why_dropped(person, images.get(person['image_id']))
        by_reason.setdefault(reason, []).append(person)
    kept = by_reason.pop(None, [])
    total = len(annotations)
    if kept:
        findings.warnings += [
            f'{len(people)} of {total} annotations {reason}: not used.'
            for reason, people in by_reason.items()
            if reason not in _USUAL
        ]
    else:
        told = [f'{len(p)} {reason}' for reason, p in by_reason.items()]
        advice = ''
        if by_reason.keys() & {_NO_KEYPOINTS, _UNLABELLED}:
            advice = (
                ' To distil a teacher into a student on boxes alone, use '
                "dict(type='UnlabelledPeopleDataset', ...)."
            )
        findings.errors.append(
            f'Nobody is left. Of {total} annotations MMPose uses none: '
            f'{"; ".join(told) or "there are none"}.{advice}'
        )
    return kept


def _why_dropped(person: Item, image: Item | None) -> str | None:
    """As BaseCocoStyleDataset drops; boxes that it cannot read stay."""
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
    if is_box(person['bbox']) and not _touches(person['bbox'], image):
        return 'have a box (bbox) without any area inside their image'
    if _are_at_origin(_flat(person['keypoints'])):
        return 'have no keypoint but at (0, 0)'
    return None


def _are_at_origin(values: list[Any]) -> bool:
    return all(map(_is_nothing, values[0::3])) and all(
        map(_is_nothing, values[1::3])
    )


def _is_nothing(value: Any) -> bool:
    return isinstance(value, (int, float)) and value <= 0


def _touches(box: list[float], image: Item) -> bool:
    x, y, w, h = box
    right = min(x + w, image.get('width', math.inf) - 1)
    bottom = min(y + h, image.get('height', math.inf) - 1)
    return max(x, 0) < right and max(y, 0) < bottom


def _flat(keypoints: Any) -> list[Any]:
    """Keypoints as one list, which some files give as a list of lists."""
    if keypoints and isinstance(keypoints[0], (list, tuple)):
        return [value for point in keypoints for value in point]
    return keypoints or []


def _check_values(
    keypoints: np.ndarray,
    boxes: np.ndarray,
    ids: list[Any],
    findings: Findings,
) -> None:
    """Look at keypoints (P, K, 3) and at boxes (P, 4), x, y, width, height."""

    def add(what: str, cases: np.ndarray, error_from: float = 0.0) -> None:
        found = [f'annotation {ids[i]}' for i in np.flatnonzero(cases)]
        findings.add(what, found, len(ids), error_from)

    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    add(
        '{} people have a box (bbox) within 0..1: boxes are in pixels, and '
        'these look like shares of the image. Multiply them by its width and '
        'height.',
        (far <= 1).all(1),
        FEW,
    )
    places, visibility = keypoints[..., :2], keypoints[..., 2]
    seen = visibility > 0
    finite = np.isfinite(places).all(-1)
    add(
        '{} people have a visible keypoint, or a visibility, that is NaN, '
        'null or infinite. Give such keypoints visibility 0.',
        ((seen & ~finite) | ~np.isfinite(visibility)).any(1),
    )
    add(
        '{} people have keypoints of negative visibility, which is taken as '
        'a negative weight.',
        (visibility < 0).any(1),
        NEVER,
    )
    seen &= finite
    add(
        '{} people have all their visible keypoints within 0..1: keypoints '
        'are in pixels, and these look like shares of the image.',
        seen.any(1) & ~(seen & (places > 1).any(-1)).any(1),
        FEW,
    )
    # Half of the box's size is allowed around it.
    margin = boxes[:, 2:] / 2
    inside = (places >= (near - margin)[:, None]).all(-1) & (
        places <= (far + margin)[:, None]
    ).all(-1)
    add(
        '{} people have no visible keypoint in or near their box (bbox): '
        'boxes and keypoints seem to be of different people, or boxes not to '
        'be x, y, width, height.',
        seen.any(1) & ~(seen & inside).any(1),
        FEW,
    )
