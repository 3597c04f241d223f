"""Predictions as the files that other tools read.

from distilpose_runtime.formats import write

write(Path('walk/predictions.json'), 'openpose')
"""

from pathlib import Path

from ..errors import UserValueError
from .deeplabcut import TOO_MANY, expect_packages, write_deeplabcut
from .found import read_found
from .plain import remove_openpose, write_coco, write_csv, write_openpose

__all__ = ['FILES', 'expect_format', 'remove', 'write']

# The formats, and the file or folder of each, beside predictions.json.
FILES = {
    'coco': 'predictions_coco.json',
    'csv': 'predictions.csv',
    'deeplabcut': 'predictions_deeplabcut.h5',
    'deeplabcut-csv': 'predictions_deeplabcut.csv',
    'openpose': 'openpose_json',
}
WRITERS = {
    'coco': write_coco,
    'csv': write_csv,
    'deeplabcut': write_deeplabcut,
    'deeplabcut-csv': write_deeplabcut,
    'openpose': write_openpose,
}


def write(predictions: Path, name: str) -> list[str]:
    """Write the results of ``distilpose predict`` in another format.

    Args:
        predictions: The file ``predictions.json``. The new file, of the name
            in ``FILES``, lies beside it and replaces one that was there.
        name: The format, one of ``FILES``.

    Returns:
        What a user should know of the new file, in sentences.

    Raises:
        ImportError: The format needs a package that is not installed.
        OSError: A file cannot be read or written.
        ValueError: There is no such format, it cannot hold the results, or
            the file holds none.
    """
    expect_format(name, one_person=True)  # the writer counts them
    found = read_found(predictions)
    if not found.pictures:
        raise UserValueError(f'"{predictions}" holds no picture.')
    return WRITERS[name](found, predictions.with_name(FILES[name])) or []


def expect_format(name: str, one_person: bool) -> None:
    """See that a format can be written, before anything is predicted.

    Args:
        name: The format.
        one_person: Whether people are numbered, or a picture has one at most.

    Raises:
        ImportError: The format needs a package that is not installed.
        ValueError: There is no such format, or it holds one person a picture
            and there may be more.
    """
    if name not in FILES:
        raise UserValueError(
            f'There is no format "{name}". Expected one of {", ".join(FILES)}.'
        )
    if WRITERS[name] is write_deeplabcut:
        expect_packages(FILES[name])
        if not one_person:
            raise UserValueError(
                f'A picture may show several people. {TOO_MANY}'
            )


def remove(path: Path) -> None:
    """Remove what ``write`` made, where there is any.

    Args:
        path: A file or folder of ``FILES``.

    Raises:
        OSError: It cannot be removed.
    """
    if path.is_dir():
        remove_openpose(path)
    else:
        path.unlink(missing_ok=True)
