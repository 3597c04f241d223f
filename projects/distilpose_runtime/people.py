"""Who is in a picture: from a file of boxes, a detector, or the whole of it.

N: people. Boxes are (x1, y1, x2, y2), pixels of the picture.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .boxes import box_faults
from .frames import Frame, Source
from .media import Images

__all__ = [
    'Finder',
    'People',
    'WholePicture',
    'choose',
    'image_ids',
    'plain_path',
]


class People(NamedTuple):
    """The people in a picture.

    Attributes:
        boxes: Their boxes (N, 4).
        scores: How sure a detector is of them, (N,).
    """

    boxes: np.ndarray
    scores: np.ndarray


class Finder:
    """What finds people.

    Attributes:
        about: What results say of it.
        nobody: Why it finds nobody, where it does.
        left_out: Counts boxes that it leaves out for all pictures together,
            by the reason.
    """

    about: dict[str, Any]
    nobody: str
    left_out: Mapping[str, int] = {}

    def find(self, frame: Frame, min_score: float) -> People:
        """Find the people in a picture.

        Args:
            frame: The picture.
            min_score: The score below which people may be left out.
        """
        raise NotImplementedError

    def image_id(self, frame: Frame) -> Any:
        """The id that a picture has for it, or None."""
        return None

    def remarks(self) -> list[str]:
        """What a user should know of what it found, in sentences."""
        return []


class WholePicture(Finder):
    """Takes the whole picture for one person."""

    about = {'detector': None}
    nobody = 'no picture is larger than a pixel'

    def find(self, frame: Frame, min_score: float) -> People:
        height, width = frame.image.shape[:2]
        box = np.array([[0, 0, width, height]], np.float32)
        return People(box, np.ones(1, np.float32))


def choose(
    people: People,
    image: np.ndarray,
    min_score: float,
    largest: int | None,
    left_out: Counter,
) -> People:
    """Leave out whom nobody wants, and boxes that show nothing.

    Args:
        people: Who was found.
        image: The picture, of which the size is read.
        min_score: People of lower scores are left out.
        largest: How many to keep, those with the largest boxes; None for all.
        left_out: Counts whom it leaves out, by the reason.

    Returns:
        The others, in the order that they had.
    """
    bad = box_faults(image, people.boxes)
    left_out.update(bad.values())
    sure = np.isfinite(people.scores) & (people.scores >= min_score)
    good = [i for i in range(len(sure)) if i not in bad]
    keep = [i for i in good if sure[i]]
    left_out.update(['has a low score'] * (len(good) - len(keep)))
    if largest is not None and len(keep) > largest:
        left_out.update(['is not among the largest'] * (len(keep) - largest))
        sides = people.boxes[keep, 2:] - people.boxes[keep, :2]
        order = np.argsort(-sides.prod(1), kind='stable')[:largest]
        keep = sorted(keep[i] for i in order)
    return People(people.boxes[keep], people.scores[keep])


def image_ids(source: Source, finder: Finder) -> Callable[[Frame], Any]:
    """Choose how the pictures of a source are numbered in its results.

    A file of boxes numbers them. Without one, the frames of videos have their
    number, and images the number that is the name of their file, as COCO's
    have, unless a name is none or two are the same. Then they are counted,
    from 1 on.
    """
    paths = source.paths if isinstance(source, Images) else []
    numbers = {int(path.stem) for path in paths if path.stem.isdecimal()}
    are_numbers = 0 < len(numbers) == len(paths)

    def image_id(frame: Frame) -> Any:
        given = finder.image_id(frame)
        if given is not None:
            return given
        if frame.time is not None:
            return frame.number
        return int(Path(frame.name).stem) if are_numbers else frame.number + 1

    return image_id


def plain_path(name: str) -> str:
    """A path with usual slashes, and letters composed: a Mac's are not."""
    return unicodedata.normalize('NFC', name.replace('\\', '/'))
