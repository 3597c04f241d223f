"""Writes a part of an annotation file, and merges its corrections."""

from collections import defaultdict
from collections.abc import Container
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from distilpose.checks.report import Report
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few
from distilpose_runtime.people import plain_path

from ..annotation_file import Annotations
from ..people import tidy_people

__all__ = ['merged', 'part_of']

Item = dict[str, Any]
SIDES = ('width', 'height')


def part_of(labels: Item, image_ids: Container[Any]) -> Item:
    """The content of an annotation file for some of its images alone."""
    return dict(
        labels,
        images=[x for x in labels['images'] if x.get('id') in image_ids],
        annotations=[
            x for x in labels['annotations'] if x.get('image_id') in image_ids
        ],
    )


def merged(
    labels: Annotations, corrected: Annotations, report: Report
) -> Item:
    """Replace the people of those images that a corrected file has.

    Images are the same where their names are, with or without folders: tools
    number images and people anew. Categories are the same where their names
    are. People of these images that the corrected file lacks are removed. The
    images are marked ``corrected``; other images, their people and
    annotations of other categories stay as they are.

    Args:
        labels: What was read of the labels.
        corrected: What was read of the corrected file.
        report: What was changed or left out is added here.

    Raises:
        ValueError: The corrected file has other keypoints, or images that the
            labels lack.
    """
    if sorted(labels.names) != sorted(corrected.names):
        raise UserValueError(
            f'"{corrected.file}" has the keypoints '
            f'{", ".join(corrected.names)}, expected '
            f'{", ".join(labels.names)}.'
        )
    images = _same_images(labels, corrected, report)
    kinds = _same_kinds(labels, corrected)
    people = tidy_people(corrected, images, report)
    order = [corrected.names.index(name) for name in labels.names]
    content, rows = labels.content, labels.content['annotations']
    ids = [x['id'] for x in rows if isinstance(x.get('id'), int)]
    free = max(ids, default=0) + 1
    for i, person in enumerate(people):
        flat = person['keypoints']
        points = [flat[3 * k : 3 * k + 3] for k in order]
        person.update(
            id=free + i,
            category_id=kinds[person['category_id']],
            keypoints=sum(points, []),
        )
    done = {image['id'] for image in images.values()}
    gone = {id(x) for x in labels.people if x.get('image_id') in done}
    return dict(
        content,
        images=[
            {**x, 'corrected': True} if x.get('id') in done else x
            for x in content['images']
        ],
        annotations=[*(x for x in rows if id(x) not in gone), *people],
    )


def _same_kinds(labels: Annotations, corrected: Annotations) -> dict[Any, Any]:
    """The labels' category for each of the corrected file's people."""
    own: dict[str, Any] = {}
    listed = labels.content['categories']
    for category in sorted(
        listed, key=lambda x: x.get('id') != labels.category
    ):
        points = [str(x).strip() for x in category.get('keypoints') or ()]
        if points == labels.names:
            own.setdefault(str(category.get('name')), category.get('id'))
    names = {
        category.get('id'): str(category.get('name'))
        for category in corrected.content['categories']
    }
    used = {person['category_id'] for person in corrected.people}
    unknown = {names[i] for i in used} - own.keys()
    if unknown and len(own) > 1:
        raise UserValueError(
            f'"{corrected.file}" has people of {few(sorted(unknown))}, '
            f'expected {", ".join(own)}. Give its categories the names that '
            'the labels give them.'
        )
    return {i: own.get(names[i], labels.category) for i in used}


def _same_images(
    labels: Annotations, corrected: Annotations, report: Report
) -> dict[Any, Item]:
    """The labels' image for each id of the corrected file's images."""
    places: dict[str, list[Item]] = defaultdict(list)
    folders: set[PurePosixPath] = set()
    for image in labels.images:
        path = PurePosixPath(plain_path(image['file_name']))
        folders |= {path.parent} - {PurePosixPath()}
        for place in {str(path), path.name}:
            places[place].append(image)
    found: dict[Any, Item] = {}
    unknown: list[str] = []
    resized: list[str] = []
    taken: set[int] = set()
    for image in corrected.images:
        path = PurePosixPath(plain_path(image['file_name']))
        # A folder of the labels' own is no tool's: it tells photos apart.
        name = str(path) if path.parent in folders else path.name
        same = places.get(str(path)) or places.get(name) or []
        if len(same) == 1 and id(same[0]) not in taken:
            taken.add(id(same[0]))
            own, given = ([x.get(k) for k in SIDES] for x in (same[0], image))
            if all(own) and all(given) and own != given:
                resized.append(
                    f'"{name}", {given[0]} x {given[1]}, and {own[0]} x '
                    f'{own[1]} in the labels'
                )
            sides = {k: a or b or np.inf for k, a, b in zip(SIDES, own, given)}
            found[image['id']] = same[0] | sides
        else:
            unknown.append(image['file_name'])
    if unknown:
        raise UserValueError(
            f'"{corrected.file}" has {len(unknown)} images that the labels '
            f'have not, or that are there twice: {few(unknown)}. Nothing is '
            'merged. Give each the file_name that the labels give it, with '
            'its folder.'
        )
    report.add(
        '{} images have another size than in the labels: the keypoints lie '
        'elsewhere. Export them for the photos as they are shown, neither '
        'scaled nor as they are stored where EXIF data turn them.',
        resized,
        len(corrected.images),
    )
    return found
