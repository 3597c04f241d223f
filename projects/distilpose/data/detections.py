"""A check of files of detected boxes (``bbox_file``)."""

from typing import Any, Set

from .annotations import is_box
from .findings import FEW, Findings

__all__ = ['check_detections']

PERSON = 1
"""The one category that MMPose takes boxes of, whatever the dataset's are."""

_KEYS = ('image_id', 'category_id', 'bbox', 'score')


def check_detections(
    detections: Any, image_ids: Set[Any], findings: Findings
) -> None:
    """See that a file of detections has boxes that MMPose can use.

    Args:
        detections: What the file holds.
        image_ids: Ids of the images that the annotation file names.
        findings: What is found is added here.
    """
    if not isinstance(detections, list) or not all(
        isinstance(detection, dict) for detection in detections
    ):
        findings.errors.append(
            'It must be a list of detections, each a dict of '
            f'{", ".join(_KEYS)}.'
        )
        return
    total = len(detections)
    incomplete = [
        i for i, d in enumerate(detections) if any(k not in d for k in _KEYS)
    ]
    findings.add(
        f'{{}} detections lack one of {", ".join(_KEYS)}. They are counted '
        'from 0.',
        incomplete,
        total,
    )
    if incomplete:
        return
    people = [d for d in detections if d['category_id'] == PERSON]
    if not people:
        others = sorted({str(d['category_id']) for d in detections})
        findings.errors.append(
            f'Nobody is left. Of {total} detections none has category_id '
            f'{PERSON}, the only one that MMPose uses'
            + (f'; there are {", ".join(others[:5])}.' if others else '.')
        )
        return
    findings.add(
        '{} detections are of an image that the annotation file does not '
        'name.',
        [d['image_id'] for d in people if d['image_id'] not in image_ids],
        len(people),
    )
    readable = [is_box((d['bbox'] or [])[:4]) for d in people]
    findings.add(
        '{} detections have a box (bbox) that is not four finite numbers.',
        [d['bbox'] for d, fine in zip(people, readable) if not fine],
        len(people),
    )
    boxes = [d['bbox'][:4] for d, fine in zip(people, readable) if fine]
    findings.add(
        '{} detections have a width or height of 0 or less: boxes are x, y, '
        'width, height.',
        [box for box in boxes if min(box[2:]) <= 0],
        len(people),
        FEW,
    )
    findings.add(
        '{} detections have a box (bbox) within 0..1: boxes are in pixels.',
        [box for box in boxes if max(box[0] + box[2], box[1] + box[3]) <= 1],
        len(people),
        FEW,
    )
