"""A check of files of detected boxes (``bbox_file``)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from distilpose_runtime.few import few

from ..data.boxes import is_box
from .report import FEW, Report
from .values import add_faults, box_faults, sizes_of

__all__ = ['check_detections']

PERSON = 1
"""The one category that MMPose takes boxes of, whatever the dataset's are."""

_KEYS = ('image_id', 'category_id', 'bbox', 'score')


def check_detections(
    detections: Any, images: Sequence[dict[str, Any]], report: Report
) -> None:
    """Check that a file of detections has boxes that MMPose can use.

    Args:
        detections: What the file holds.
        images: Those that the annotation file names.
        report: What is found is added here.
    """
    people = _people(detections, report)
    by_id = {image['id']: image for image in images}
    report.add(
        '{} detections are of an image that the annotation file does not '
        'name.',
        [d['image_id'] for d in people if d['image_id'] not in by_id],
        len(people),
    )
    boxes = [(d['bbox'] or [])[:4] for d in people]
    unreadable = [box for box in boxes if not is_box(box)]
    report.add(
        '{} detections have a box (bbox) that is not four finite numbers.',
        unreadable,
        len(boxes),
    )
    if unreadable or not people:
        return
    found = np.array(boxes, np.float32)
    empty = (
        'a box (bbox) whose width or height is 0 or less: boxes are x, y, '
        'width, height.',
        (found[:, 2:] <= 0).any(1),
        FEW,
    )
    sizes = sizes_of(by_id.get(d['image_id'], {}) for d in people)
    faults = [empty, *box_faults(found, sizes)]
    add_faults('detections', faults, boxes, report)


def _people(detections: Any, report: Report) -> list[dict[str, Any]]:
    """Choose the detections that MMPose uses, or report why none is."""
    if not isinstance(detections, list) or not all(
        isinstance(detection, dict) for detection in detections
    ):
        report.errors.append(
            'It must be a list of detections, each a dict of '
            f'{", ".join(_KEYS)}.'
        )
        return []
    incomplete = [
        i for i, d in enumerate(detections) if not set(_KEYS) <= d.keys()
    ]
    report.add(
        f'{{}} detections lack one of {", ".join(_KEYS)}. They are counted '
        'from 0.',
        incomplete,
        len(detections),
    )
    if incomplete:
        return []
    people = [d for d in detections if d['category_id'] == PERSON]
    if not people:
        others = sorted({str(d['category_id']) for d in detections})
        report.errors.append(
            f'Nobody is left. Of {len(detections)} detections none has '
            f'category_id {PERSON}, the only one that MMPose uses'
            + (f'; there are {few(others)}.' if others else '.')
        )
    elif len(people) < len(detections):
        report.facts.append(
            f'{len(detections) - len(people)} of {len(detections)} detections '
            f'have another category_id than {PERSON}: not used.'
        )
    return people
