"""The content of a file in COCO format, of the kinds that are expected."""

from pathlib import Path
from typing import Any

from distilpose.checks.structure import read_json
from distilpose_runtime.errors import UserFileNotFoundError, UserValueError

__all__ = ['read_content']

Item = dict[str, Any]

# Values that are needed to read a file: their part and key, and what they may
# be. The report says where they are missing.
ID = (int, str, float, type(None))
NUMBER = (int, float, type(None))
KINDS = (
    ('images', 'id', ID, 'a number'),
    ('images', 'file_name', (str, type(None)), 'the name of a file'),
    ('images', 'width', NUMBER, 'a number'),
    ('images', 'height', NUMBER, 'a number'),
    ('annotations', 'id', ID, 'a number'),
    ('annotations', 'image_id', ID, 'a number'),
    ('annotations', 'category_id', ID, 'a number'),
    ('categories', 'id', ID, 'a number'),
    ('categories', 'keypoints', (list, type(None)), 'a list of names'),
)


def read_content(file: Path) -> Item:
    """Read a file, and check what is needed to read on.

    Raises:
        ValueError: It is not in COCO format.
        FileNotFoundError: There is no such file.
    """
    if not file.is_file():
        what = 'is a folder, no file' if file.is_dir() else 'does not exist'
        raise UserFileNotFoundError(
            f'The annotation file "{file}" {what} (looked from {Path.cwd()}).'
        )
    content = read_json(file)
    lists = ('images', 'annotations', 'categories')
    lacking = [
        key
        for key in lists
        if not isinstance(content, dict)
        or not isinstance(content.get(key), list)
        or not all(isinstance(item, dict) for item in content[key])
    ]
    if lacking:
        raise UserValueError(
            f'"{file}" is not in COCO format: expected a JSON object with '
            f'the lists of objects {", ".join(lists)}, but '
            f'{", ".join(lacking)} {"is" if len(lacking) == 1 else "are"} '
            'missing or something else. Export the annotations in COCO '
            'format, with keypoints.'
        )
    _expect_kinds(content, file)
    return content


def _expect_kinds(content: Item, file: Path) -> None:
    """Check the values by which entries are counted or looked up."""
    for part, key, kinds, expected in KINDS:
        for number, item in enumerate(content[part], start=1):
            value = item.get(key)
            names = value if isinstance(value, list) else []
            if not isinstance(value, kinds) or not all(
                isinstance(name, (str, int)) for name in names
            ):
                raise UserValueError(
                    f'"{file}": {key} of number {number} of its {part} is '
                    f'{str(value)[:60]!r}, expected {expected}. Correct the '
                    'file, or export it again.'
                )
