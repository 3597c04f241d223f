"""Labels so far, in a file that survives a kill at any moment."""

import json
from pathlib import Path
from typing import Any

from distilpose_runtime.errors import UserValueError

__all__ = ['Journal']

Item = dict[str, Any]


class Journal:
    """One JSON object a line: how it was begun, pictures, and the end.

    A line that a kill or a full disk has cut off is dropped.

    Args:
        file: The file.

    Attributes:
        begun: What ``begin`` was given, or None.
        pictures: Their entries, in order.
        complete: Whether the end was written.

    Raises:
        ValueError: The file is damaged.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.begun: Item | None = None
        self.pictures: list[Item] = []
        self.complete = False
        content = file.read_bytes() if file.exists() else b''
        self._end = content.rfind(b'\n') + 1
        try:
            for line in content[: self._end].splitlines():
                self._take(json.loads(line))
        except (AttributeError, ValueError) as error:
            raise UserValueError(
                f'"{file}", which holds what is labelled so far, is damaged '
                f'({error}). Name another folder with --out.'
            ) from error

    def begin(self, settings: Item) -> None:
        """Write how it was begun, or check that it was begun like this.

        Raises:
            ValueError: It was begun with other settings.
            OSError: It cannot be written.
        """
        settings = json.loads(json.dumps(settings, default=str))
        if self.begun is None:
            self._write(dict(begun=settings))
            return
        other = [k for k in settings if settings[k] != self.begun.get(k)]
        if other:
            raise UserValueError(
                f'"{self.file.parents[2]}" was begun with another '
                f'{" and another ".join(other)}. Go on with what it was begun '
                'with, or name another folder with --out.'
            )

    def add(self, picture: Item) -> None:
        """Write a picture's entry.

        Raises:
            OSError: It cannot be written; the file holds what it held before.
        """
        self._write(dict(picture=picture))

    def end(self) -> None:
        """Write that all pictures are there."""
        if not self.complete:
            self._write(dict(complete=True))

    def _take(self, line: Item) -> None:
        self.begun = line.get('begun', self.begun)
        self.complete = line.get('complete', self.complete)
        if 'picture' in line:
            self.pictures.append(line['picture'])

    def _write(self, line: Item) -> None:
        data = json.dumps(line, allow_nan=False).encode() + b'\n'
        # Without a buffer, which would hold on to what a full disk refused.
        try:
            with open(self.file, 'ab', buffering=0) as file:
                file.truncate(self._end)  # of what a kill has cut off
                if file.write(data) < len(data):
                    raise OSError('no room')
        except OSError as error:
            raise OSError(
                f'"{self.file}" cannot be written ({error.strerror or error})'
                '. What is labelled so far is kept. Make room, and run the '
                'same command again.'
            ) from error
        self._end += len(data)
        self._take(line)
