"""The images and people to train and to validate on."""

import random
import re
from collections import defaultdict
from collections.abc import Container, Sequence
from filecmp import cmp
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distilpose.checks.annotations import check_people
from distilpose.checks.report import NEVER, Report
from distilpose.keypoints.matching import counted, equal_names
from distilpose_runtime.errors import UserValueError

from .annotation_file import Annotations
from .left_right import check_faces
from .people import tidy_people
from .photos import Photos

__all__ = [
    'Split',
    'expect_same_keypoints',
    'read_split',
    'rename',
    'set_aside',
    'warn_of_overlap',
    'without_validation',
]

Item = dict[str, Any]

FRAME = re.compile(r'(_\d\dh\d\dm[\d.]+s_)?\d+(?=\.\w+$)')
"""What differs in the names of a video's frames: their times and numbers."""

FEW = 20  # people to validate on

VAL_SHARE = 0.1
"""Share of the images that are kept for validation where none are given."""


class Split(NamedTuple):
    """Images and people of one annotation file that is going to be written."""

    images: list[Item]
    people: list[Item]


def read_split(read: Annotations, photos: Photos, report: Report) -> Split:
    """Find the photos of an annotation file, and correct its people."""
    located = photos.locate(read.images, read.file, report)
    people = tidy_people(read, located, report)
    used = {person['image_id'] for person in people}
    by_id = {image['id']: image for image in located.values()}
    images = [by_id[i] for i in sorted(used)]
    if not people:
        report.errors.append('Nobody is left to use.')
        return Split([], [])
    text = f'{len(people)} people in {len(images)} of {len(read.images)} '
    text += 'images'
    if read.names:
        content = dict(images=images, annotations=people)
        check_people(content, len(read.names), report)
        check_faces(people, read.names, report)
        text += _labelled(people, read, report)
    report.facts.append(text)
    for i, person in enumerate(people, start=1):
        person.update(id=i, category_id=1)  # all kinds are one here
    return Split(images, people)


def _labelled(
    people: Sequence[Item], read: Annotations, report: Report
) -> str:
    """How well people are labelled; report which keypoints never are."""
    counts = np.array([person['num_keypoints'] for person in people])
    labelled = np.array([p['keypoints'][2::3] for p in people]) > 0
    never = [n for n, seen in zip(read.names, labelled.any(0)) if not seen]
    if never:
        report.warnings.append(
            f'Nobody has {", ".join(never)} labelled: it cannot be learned or '
            'tested here.'
        )
    return (
        f'; keypoints a person: {counts.min()} to {counts.max()}, '
        f'{counts.mean():.1f} on average'
    )


def expect_same_keypoints(train: Annotations, val: Annotations) -> None:
    one, other = ([f'"{x}"' for x in read.names] for read in (train, val))
    pairs = zip_longest(one, other, fillvalue='missing')
    for i, (a, b) in enumerate(pairs, start=1):
        if a != b:
            raise UserValueError(
                f'"{train.file}" and "{val.file}" must have the same '
                f'keypoints, in the same order, but number {i} is {a} in the '
                f'one and {b} in the other. Export both from one project.'
            )


def rename(
    split: Split, read: Annotations, names: Sequence[str], report: Report
) -> Split:
    """Give people other keypoints, each taken from that of equal name.

    Raises:
        ValueError: None has an equal name.
    """
    equal = equal_names(read.names, names)
    index = [-1 if i is None else i for i in equal]
    known = len(names) - index.count(-1)
    if not known:
        raise UserValueError(
            f'"{read.file}" has {counted(read.names)}, and the labels '
            f'{counted(names)}: no names are equal. Names that are numbers '
            'alone count only where both have the same ones. Rename those '
            'that are the same in one of the files.'
        )
    report.facts.append(f'It knows {known} of {len(names)} keypoints by name')
    people, others = [], []
    for person in split.people:
        k = np.array([*person['keypoints'], 0, 0, 0], object).reshape(-1, 3)
        found = k[index]
        number = int((found[:, 2] > 0).sum())
        if number:
            changed = dict(keypoints=[*found.ravel()], num_keypoints=number)
            people.append(person | changed)
        else:
            others.append(f'number {person["id"]}')
    report.changed(
        '{} people have none of these keypoints labelled, and are left out.',
        others,
        len(split.people),
    )
    if others and not people:
        report.errors.append('Nobody is left to use.')
    return Split(split.images, people)


def without_validation(
    splits: dict[str, Split], root: Path, report: Report
) -> Split:
    """Leave out of the unlabelled images those that are validated on.

    They may be copies, of the same name in another folder below ``root``.
    """
    val: dict[str, list[Path]] = defaultdict(list)
    for image in splits['val'].images:
        path = root / image['file_name']
        val[path.name].append(path)
    split = splits['unlabelled']
    both = {
        image['id']: image['file_name']
        for image in split.images
        for path in [root / image['file_name']]
        if any(cmp(path, x, shallow=False) for x in val.get(path.name, ()))
    }
    report.changed(
        '{} unlabelled images are validated on, and are left out.',
        [*both.values()],
        len(split.images),
    )
    left = _divided(split, both)[1]
    if both and not left.people:
        report.errors.append('unlabelled: Nobody is left to use.')
    return left


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


def set_aside(
    split: Split, report: Report, videos: bool = False
) -> dict[str, Split]:
    """Keep a tenth of the images for validation; whole images, by chance.

    Roboflow writes several copies of one photo, which stay together.

    Args:
        split: What is to be divided.
        report: How it was divided is added here.
        videos: Whether numbered images may be frames of a video, of which the
            last tenth is kept: frames in a row are nearly the same.
    """
    groups: dict[str, list[Any]] = {}
    for image in split.images:
        source = re.sub(r'\.rf\.\w+(?=\.\w+$)', '', image['file_name'])
        groups.setdefault(source, []).append(image['id'])
    if len(groups) < 2:
        report.warnings.append(
            'There is one image, which serves for training and validation: '
            'AP says nothing of other images.'
        )
        return dict(train=split, val=split)
    sources = _kept([*groups], videos)
    kept = {i for source in sources for i in groups[source]}
    val, train = _divided(split, kept)
    report.facts.append(
        f'No validation data given: {len(kept)} of {len(split.images)} '
        f'images, with {len(val.people)} people, are set aside; '
        f'{len(train.people)} people are left to train on'
    )
    if len(val.people) < FEW:
        report.warnings.append(
            f'People to validate on: only {len(val.people)}. Each of them '
            'moves the figures much. Give more by --val.'
        )
    return dict(train=train, val=val)


def _kept(sources: Sequence[str], videos: bool) -> list[str]:
    """Choose a tenth, at least one."""
    by_video: dict[str, list[str]] = {}
    for name in sorted(sources):
        video = FRAME.sub('', name) if videos else ''
        by_video.setdefault(video, []).append(name)
    kept, others = [], []
    for frames in by_video.values():
        if videos and len(frames) > 1 / VAL_SHARE:
            kept += frames[-round(VAL_SHARE * len(frames)) :]
        else:
            others += frames
    random.Random(0).shuffle(others)
    number = max(not kept, round(VAL_SHARE * len(others)))
    return kept + others[:number]


def _divided(split: Split, ids: Container[Any]) -> tuple[Split, Split]:
    """Some images with their people, by their ids, and the others."""
    parts = Split([], []), Split([], [])
    for image in split.images:
        parts[image['id'] not in ids].images.append(image)
    for person in split.people:
        parts[person['image_id'] not in ids].people.append(person)
    return parts
