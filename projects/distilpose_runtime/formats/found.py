"""What ``predictions.json`` holds.

K: keypoints.
"""

from pathlib import Path
from typing import Any, NamedTuple

from ..coco_file import read_json
from ..errors import UserValueError

__all__ = ['Found', 'Picture', 'read_found']


class Picture(NamedTuple):
    """A picture and the people in it.

    Attributes:
        image: Its entry of ``images``.
        people: Their entries of ``annotations``.
    """

    image: dict[str, Any]
    people: list[dict[str, Any]]


class Found(NamedTuple):
    """The results of a run.

    Attributes:
        names: The names of the K keypoints.
        pictures: In the order of the source.
    """

    names: list[str]
    pictures: list[Picture]


def read_found(file: Path) -> Found:
    """Read a ``predictions.json``.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    try:
        content = read_json(file)
        names = content['categories'][0]['keypoints']
        pictures = [Picture(image, []) for image in content['images']]
        # Both lists are in the order of the source, where two pictures may
        # have the same id.
        place = 0
        for row in content['annotations']:
            while pictures[place].image['id'] != row['image_id']:
                place += 1
            pictures[place].people.append(row)
    except (LookupError, TypeError, ValueError) as error:
        raise UserValueError(
            f'"{file}" is no predictions.json of `distilpose predict` '
            f'({error!r}).'
        ) from error
    return Found(names, pictures)
