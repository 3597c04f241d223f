"""Labels so far, in a file that survives a kill at any moment."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.files import append

__all__ = ['END', 'Journal', 'has_ended', 'pictures_of']

Item = dict[str, Any]
END = dict(complete=True)
"""What is written when all pictures are there."""


def _line(item: Item) -> bytes:
    return json.dumps(item, allow_nan=False).encode() + b'\n'


class Journal:
    """Pictures, a JSON object a line, and the end.

    A line that a kill or a full disk has cut off is dropped. The pictures
    themselves stay in the file: millions would fill the memory.

    Args:
        file: The file.

    Attributes:
        places: For each picture, by its name, where its line begins.
        complete: Whether the end was written.

    Raises:
        ValueError: The file is damaged.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: dict[str, int] = {}
        self.complete = False
        self._end = 0
        if not file.exists():
            return
        try:
            with open(file, 'rb') as lines:
                for line in lines:
                    if line.endswith(b'\n'):
                        self._take(json.loads(line))
                        self._end += len(line)
        except (KeyError, TypeError, ValueError) as error:
            raise UserValueError(
                f'"{file}", which holds what is labelled so far, is damaged '
                f'({error}). Name another folder with --out.'
            ) from error

    def add(self, item: Item) -> None:
        """Write a picture's entry, or the ``END``.

        Raises:
            OSError: It cannot be written; the file holds what it held before.
        """
        end = append(self.file, self._end, _line(item))
        self._take(item)
        self._end = end

    def _take(self, item: Item) -> None:
        if item == END:
            self.complete = True
        else:
            self.places[item['file_name']] = self._end


def has_ended(file: Path) -> bool:
    """Whether a journal's end was written, without reading it whole."""
    line = _line(END)
    if not file.exists() or file.stat().st_size < len(line):
        return False
    with open(file, 'rb') as opened:
        opened.seek(-len(line), 2)
        return opened.read() == line


def pictures_of(journals: Sequence[Journal]) -> Iterator[Item]:
    """Read the pictures of all journals, one at a time, sorted by name."""
    where = {name: x for x in journals for name in x.places}
    with ExitStack() as stack:
        files = {
            x.file: stack.enter_context(open(x.file, 'rb'))
            for x in journals
            if x.places
        }
        for name in sorted(where):
            file = files[where[name].file]
            file.seek(where[name].places[name])
            yield json.loads(file.readline())
