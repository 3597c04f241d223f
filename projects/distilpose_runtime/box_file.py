"""Boxes of people from a JSON file of COCO's."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .coco_file import people_of, read_json, text_of
from .errors import UserValueError
from .few import few
from .frames import Frame, Source
from .media import Images
from .people import Finder, People, plain_path

__all__ = ['BoxFile']

Row = dict[str, Any]

FAR_OUT = 0.25
"""The share of a box's side that may lie right of its picture, or below."""


class BoxFile(Finder):
    """Boxes from a JSON file of COCO's.

    It is an annotation file, whose crowds are left out, or a list of results
    as detectors write it. Pictures are found by the name of their file, whole
    or without its folders, else by the id that the name is; but not where two
    pictures would be the same one. Frames of a video are found by the number
    at the end of the names, else by the ids. Ids are compared as texts: 1 and
    "1" are the same.

    Args:
        path: The file.
        source: The pictures, which tell names that two of them have. The
            length of a video can tell whether the file counts frames from 0
            or 1.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no boxes of that form, or none in pixels.
    """

    def __init__(self, path: Path, source: Source | None = None) -> None:
        self.path = path
        self.about = {'boxes': str(path)}
        self.nobody = f'"{path}" has no box for them'
        self.left_out: Counter = Counter()
        self._ids: dict[str, Any] = {}  # of all pictures, by their text
        self._names: dict[str, list[str]] = {}  # their ids, as texts
        self._sizes: dict[str, tuple[Any, Any]] = {}
        self._boxes: dict[str, list[list[float]]] = {}
        self._used: set[str] = set()
        self._unknown: list[str] = []
        self._alike: list[str] = []
        self._other_size = self._far_out = 0
        self._counted = ''
        try:
            found = read_json(path)
            is_list = isinstance(found, list)
            read = self._read_results if is_list else self._read_annotations
            rows = read(found)
            if self.left_out and not rows:
                reasons = [f'{n} ({why})' for why, n in self.left_out.items()]
                raise UserValueError(
                    f'all are left out: {few(reasons, between="; ")}'
                )
            for row in rows:
                score = row.get('score')
                x, y, width, height = map(float, row['bbox'])
                box = [x, y, x + width, y + height]
                box.append(1.0 if score is None else float(score))
                key = self._add(row['image_id'])
                self._boxes.setdefault(key, []).append(box)
            self._expect_pixels()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = (
                f'{error} is missing' if isinstance(error, KeyError) else error
            )
            raise UserValueError(
                f'"{path}" holds no boxes ({what}). '
                'Expected an annotation file of COCO, or a list of results '
                'with image_id, bbox [x, y, width, height] and score.'
            ) from error
        # A name without its folders is enough where one picture has it.
        bases = Counter(map(_base, self._names))
        short = {_base(x): keys for x, keys in self._names.items()}
        short = {x: keys for x, keys in short.items() if bases[x] == 1}
        self._places = short | self._names
        names = source.names() if isinstance(source, Images) else []
        self._claims = Counter(
            key for name in names for key in self._keys_of(plain_path(name))
        )
        self._frames = self._number_frames(source)
        self._ids_are_numbers = all(
            key == str(number) for number, key in self._frames.items()
        )
        numbers = [int(key) for key in self._ids if key.isdecimal()]
        self._free_id = max(numbers, default=0) + 1

    def _add(self, image_id: Any, name: str | None = None) -> str:
        """Keep a picture's id, and give its text."""
        key = text_of(image_id)
        self._ids.setdefault(key, image_id)
        if name is not None:
            keys = self._names.setdefault(plain_path(name), [])
            keys += [key] if key not in keys else []
        return key

    def _read_annotations(self, found: Row) -> list[Row]:
        for item in found['images']:
            key = self._add(item['id'], str(item['file_name']))
            self._sizes[key] = item.get('width'), item.get('height')
        return people_of(found, self.left_out)

    def _read_results(self, found: list[Row]) -> list[Row]:
        rows = [x for x in found if str(x.get('category_id', 1)) == '1']
        if len(rows) < len(found):
            self.left_out['is of another category'] = len(found) - len(rows)
        for row in rows:
            if 'file_name' in row:
                self._add(row['image_id'], str(row['file_name']))
        return rows

    def _expect_pixels(self) -> None:
        boxes = [row[:4] for rows in self._boxes.values() for row in rows]
        values = np.array(boxes)
        if boxes and values[np.isfinite(values)].max(initial=0) <= 1:
            raise UserValueError(
                f'its {len(boxes)} boxes lie within 0 and 1, as shares of the '
                'picture do; multiply them by its width and height'
            )

    def _number_frames(self, source: Source | None) -> dict[int, str]:
        """From the numbers of a video's frames, from 0 on, to its pictures.

        Numbers in names go before ids, if they tell all pictures apart.
        """
        found = {_number(name): keys[0] for name, keys in self._names.items()}
        if None in found or len(found) < len(self._ids):
            found = {_number(key): key for key in self._ids}
        frames = {x: key for x, key in found.items() if x is not None}
        if source is None or source.rate is None or min(frames, default=0) < 1:
            return frames
        if max(frames) == source.frames:
            self._counted = 'from 1, as its last is the number of all frames'
            return {x - 1: key for x, key in frames.items()}
        if min(frames) == 1:
            self._counted = 'from 0, though it has no frame 0'
        return frames

    def _keys(self, frame: Frame) -> list[str]:
        """The ids, as texts, that the file has for a picture."""
        if frame.time is not None:
            found = self._frames.get(frame.number)
            return [] if found is None else [found]
        name = plain_path(frame.name)
        keys = self._keys_of(name)
        is_clear = name in self._names or all(
            self._claims[key] < 2 for key in keys
        )
        return keys if is_clear else []

    def _keys_of(self, name: str) -> list[str]:
        """The ids, as texts, that an image of this name may have."""
        base = _base(name)
        for place in (name, base):
            if place in self._places:
                return self._places[place]
        stem = Path(base).stem
        if self._names or not (stem in self._ids or stem.isdecimal()):
            return []
        return [stem if stem in self._ids else str(int(stem))]

    def image_id(self, frame: Frame) -> Any:
        """The id that the file has for a picture, or one that it has not."""
        keys = self._keys(frame)
        if keys:
            return self._ids.get(keys[0]) or int(keys[0])
        if frame.time is not None and self._ids_are_numbers:
            return frame.number
        return self._free_id + frame.number

    def find(self, frame: Frame, min_score: float) -> People:
        """Give the boxes of a picture."""
        keys = self._keys(frame)
        self._used.update(keys)
        if not keys and frame.time is None:
            self._unknown.append(frame.name)
            if self._keys_of(plain_path(frame.name)):
                self._alike.append(frame.name)
        size = frame.image.shape[1::-1]
        rows = []
        for key in keys:
            given = self._sizes.get(key, size)
            self._other_size += None not in given and given != size
            rows += self._boxes.get(key, [])
        values = np.array(rows, np.float32).reshape(-1, 5)
        out = values[:, 2:4] - size
        sides = values[:, 2:4] - values[:, :2]
        self._far_out += int((out > FAR_OUT * sides).any(1).sum())
        return People(values[:, :4], values[:, 4])

    def expect_known(self, pictures: int) -> None:
        """See that the file knows one of so many pictures at least.

        Raises:
            ValueError: It knows none.
        """
        if len(self._unknown) == pictures > 0:
            first = next(iter(self._names), None)
            names = 'numbers' if first is None else f'names such as "{first}"'
            raise UserValueError(
                f'"{self.path}" has boxes for none of the pictures. It knows '
                f'pictures by {names}, but these are called as '
                f'"{self._unknown[0]}".'
            )

    def remarks(self) -> list[str]:
        unused = len(self._boxes.keys() - self._used)
        told = []
        if self._counted:
            told.append(f'It counts frames {self._counted}.')
        if self._unknown:
            told.append(f'It lacks {few(self._unknown)}.')
        if self._alike:
            told.append(
                f'Of these, {few(self._alike)} are called as another picture '
                'is, in another folder: its file names need the folders.'
            )
        if unused:
            told.append(f'It has boxes for {unused} other pictures.')
        if self._other_size:
            told.append(
                f'It gives {self._other_size} pictures another size than they '
                'have; its boxes may not fit them.'
            )
        if self._far_out:
            told.append(
                f'{self._far_out} of its boxes reach far out of their '
                'pictures: a box must be x, y, width, height, not two corners.'
            )
        return [f'"{self.path}": {" ".join(told)}'] if told else []


def _base(name: str) -> str:
    return name.rpartition('/')[2]


def _number(name: str) -> int | None:
    """The last number in the name of a file, without its suffix."""
    found = re.findall(r'\d+', Path(_base(name)).stem)
    return int(found[-1]) if found else None
