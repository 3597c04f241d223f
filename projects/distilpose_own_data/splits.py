"""The images and people to train and to validate on."""

import random
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from distilpose.checks.annotations import check_people
from distilpose.checks.report import NEVER, Report
from distilpose_runtime.errors import UserValueError

from .coco_file import Annotations
from .left_right import check_faces
from .people import tidy_people
from .photos import Photos

__all__ = [
    'Split',
    'expect_same_keypoints',
    'read_split',
    'set_aside',
    'warn_of_overlap',
]

Item = dict[str, Any]

VAL_SHARE = 0.1
"""Share of the images that are kept for validation where none are given."""


class Split(NamedTuple):
    """Images and people of one annotation file that is going to be written."""

    images: list[Item]
    people: list[Item]


def read_split(read: Annotations, photos: Photos, report: Report) -> Split:
    """Find the photos of an annotation file, and tidy its people."""
    located = photos.locate(read.images, read.file, report)
    people = tidy_people(read, located, report)
    used = {person['image_id'] for person in people}
    by_id = {image['id']: image for image in located.values()}
    images = [by_id[i] for i in sorted(used)]
    content = dict(images=images, annotations=people)
    if people:
        check_people(content, len(read.names), report)
        check_faces(people, read.names, report)
        _tell(people, images, read, report)
    else:
        report.errors.append('Nobody is left to use.')
    for i, person in enumerate(people):
        person['id'] = i + 1
    return Split(images, people)


def _tell(
    people: Sequence[Item],
    images: Sequence[Item],
    read: Annotations,
    report: Report,
) -> None:
    """Say how many people there are, and how well they are labelled."""
    counts = np.array([person['num_keypoints'] for person in people])
    labelled = np.array([p['keypoints'][2::3] for p in people]) > 0
    report.facts.append(
        f'{len(people)} people in {len(images)} of {len(read.images)} images; '
        f'keypoints a person: {counts.min()} to {counts.max()}, '
        f'{counts.mean():.1f} on average'
    )
    never = [n for n, seen in zip(read.names, labelled.any(0)) if not seen]
    if never:
        report.warnings.append(
            f'Nobody has {", ".join(never)} labelled, so that it cannot be '
            'learned or tested here.'
        )


def expect_same_keypoints(train: Annotations, val: Annotations) -> None:
    pairs = zip_longest(train.names, val.names)
    for i, (one, other) in enumerate(pairs, start=1):
        if one == other:
            continue
        raise UserValueError(
            f'"{train.file}" and "{val.file}" must have the same keypoints, '
            f'in the same order, but number {i} is {_quoted(one)} in the one '
            f'and {_quoted(other)} in the other. Export both from one project.'
        )


def _quoted(name: str | None) -> str:
    return 'missing' if name is None else f'"{name}"'


def warn_of_overlap(splits: dict[str, Split], report: Report) -> None:
    names = [{i['file_name'] for i in s.images} for s in splits.values()]
    both = sorted(names[0] & names[1])
    report.add(
        '{} images of the validation are trained on, too: AP would be too '
        'high.',
        both,
        len(names[1]),
        NEVER,
    )


def set_aside(split: Split, report: Report) -> dict[str, Split]:
    """Keep a tenth of the images for validation; whole images, by chance.

    Roboflow writes several copies of one photo, which stay together.
    """
    groups: dict[str, list[Any]] = {}
    for image in split.images:
        source = re.sub(r'\.rf\.\w+(?=\.\w+$)', '', image['file_name'])
        groups.setdefault(source, []).append(image['id'])
    sources = sorted(groups)
    if len(sources) < 2:
        report.warnings.append(
            'There is one image, which serves for training and validation: '
            'AP says nothing of other images.'
        )
        return dict(train=split, val=split)
    random.Random(0).shuffle(sources)
    number = max(1, round(VAL_SHARE * len(sources)))
    kept = {i for source in sources[:number] for i in groups[source]}
    parts = dict(
        train=_only(split, {i['id'] for i in split.images} - kept),
        val=_only(split, kept),
    )
    report.facts.append(
        f'No validation data given: {len(kept)} of {len(split.images)} '
        f'images, with {len(parts["val"].people)} people, are set aside; '
        f'{len(parts["train"].people)} people are left to train on'
    )
    return parts


def _only(split: Split, ids: set) -> Split:
    return Split(
        [image for image in split.images if image['id'] in ids],
        [person for person in split.people if person['image_id'] in ids],
    )
