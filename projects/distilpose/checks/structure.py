"""Reading a JSON file, whose images and annotations have ids of their own."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distilpose_runtime import coco_file
from distilpose_runtime.errors import UserValueError

from .report import NEVER, Report

__all__ = ['check_structure', 'read_json', 'repeated']

Item = dict[str, Any]


def read_json(file: str | Path, name: str | None = None) -> Any:
    """Read a file of annotations or detections.

    Args:
        file: The file.
        name: What errors call it, if it is a copy.

    Raises:
        ValueError: It is no JSON file.
    """
    try:
        return coco_file.read_json(Path(file))
    except ValueError as error:  # wrong bytes, too
        raise UserValueError(
            f'"{name or file}" is no JSON file ({error}). Export the '
            'annotations in COCO format, with keypoints.'
        ) from error


def repeated(items: Sequence[Item]) -> tuple[list[int], list[int]]:
    """Find items whose id an earlier item has, by their indices.

    Returns:
        Those of other contents, and those that are equal.
    """
    first: dict[Any, Item] = {}
    contradicting: list[int] = []
    equal: list[int] = []
    for i, item in enumerate(items):
        other = first.setdefault(item['id'], item)
        if other is not item:
            (equal if other == item else contradicting).append(i)
    return contradicting, equal


def check_structure(content: Item, report: Report) -> bool:
    """Check that each image and annotation has an id of its own.

    Args:
        content: A file in COCO format.
        report: What is found is added here.

    Returns:
        Whether all ids are there that other checks read.
    """
    parts = [content.get(kind) or [] for kind in ('images', 'annotations')]
    for kind, items, key in zip(_KINDS, parts, ('file_name', 'image_id')):
        report.add(
            f'{{}} {kind} lack id or {key}. They are counted from 0.',
            [i for i, x in enumerate(items) if 'id' not in x or key not in x],
            len(items),
        )
    if report.errors:
        return False
    for kind, items in zip(_KINDS, parts):
        contradicting, equal = (
            [items[i]['id'] for i in found] for found in repeated(items)
        )
        report.add(
            f'{{}} {kind} have an id that another one has, with other '
            f'contents: {_KINDS[kind]}. Number them anew.',
            contradicting,
            len(items),
        )
        report.add(
            f'{{}} {kind} are given a second time.', equal, len(items), NEVER
        )
    ids = defaultdict(set)
    for image in parts[0]:
        ids[image['file_name']].add(image['id'])
    report.add(
        '{} images are listed under several ids: the people of one are taken '
        'for those of several. Give them one id.',
        [name for name, several in ids.items() if len(several) > 1],
        len(parts[0]),
        NEVER,
    )
    return True


_KINDS = dict(
    images='people would be looked for in another picture',
    annotations='people would get the keypoints of others',
)
