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
    number images and people anew. People of these images that the corrected
    file lacks are removed. The images are marked ``corrected``; other images,
    their people and annotations of other categories stay as they are.

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
    images = _same_images(labels, corrected)
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
            category_id=labels.category,
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


def _same_images(
    labels: Annotations, corrected: Annotations
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
    taken: set[int] = set()
    for image in corrected.images:
        path = PurePosixPath(plain_path(image['file_name']))
        # A folder of the labels' own is no tool's: it tells photos apart.
        name = str(path) if path.parent in folders else path.name
        same = places.get(str(path)) or places.get(name) or []
        if len(same) == 1 and id(same[0]) not in taken:
            taken.add(id(same[0]))
            sides = {
                side: same[0].get(side) or image.get(side) or np.inf
                for side in ('width', 'height')
            }
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
    return found
