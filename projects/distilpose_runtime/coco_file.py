"""People of annotation files in COCO's format, as tools write them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from .errors import UserValueError

__all__ = ['people_of', 'person_categories', 'read_json', 'text_of']

Row = dict[str, Any]


def read_json(file: Path) -> Any:
    """Read a JSON file, with a byte order mark or without.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    try:
        return json.loads(file.read_text(encoding='utf-8-sig'))
    except RecursionError as error:
        raise UserValueError(str(error)) from error


def text_of(image_id: Any) -> str:
    """An id as a text: 1, 1.0 and "1" are the same.

    Raises:
        ValueError: It is neither a whole number nor a text.
    """
    if isinstance(image_id, float) and image_id.is_integer():
        image_id = int(image_id)
    if type(image_id) not in (int, str):
        raise UserValueError(
            f'an image has the id {image_id!r}, expected a whole number or a '
            'text'
        )
    return str(image_id)


def people_of(found: Row, left_out: Counter) -> list[Row]:
    """The annotations of people with boxes, without crowds.

    Args:
        found: The content of a file.
        left_out: Counts the others, by the reason.

    Raises:
        ValueError: It is not clear which category people have, or an image
            has no usable id.
        KeyError: Something is missing.
    """
    images = {text_of(image['id']) for image in found['images']}
    persons = person_categories(found)
    rows = []
    for row in found['annotations']:
        if str(row.get('category_id')) not in persons:
            left_out['is of another category'] += 1
        elif str(row.get('iscrowd') or 0).lower() not in ('0', 'false'):
            left_out['is of a crowd'] += 1
        elif not row.get('bbox'):
            left_out['has no bbox'] += 1
        elif text_of(row['image_id']) not in images:
            left_out['is of an image that the file lacks'] += 1
        else:
            rows.append(row)
    return rows


def person_categories(found: Row) -> set[str]:
    """The ids, as texts, of the categories that are people.

    Raises:
        ValueError: It is not clear which are.
    """
    categories = found.get('categories') or [dict(id=1, name='person')]
    persons = [
        x for x in categories if str(x.get('name')).lower() == 'person'
    ] or [x for x in categories if x.get('keypoints')]
    if not persons and len(categories) > 1:
        names = ', '.join(f'"{x.get("name")}"' for x in categories)
        raise UserValueError(
            f'none of its categories ({names}) is called "person" or has '
            'keypoints'
        )
    persons = persons or categories
    return {'None', *(str(x['id']) for x in persons)}
