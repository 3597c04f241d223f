"""Files that lie beside the repository on some machines and are no part of
it: in the folder ``DISTILPOSE_SHARED``, or ``../shared``."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get('DISTILPOSE_SHARED', Path(__file__).parents[2] / 'shared')
)


def file_or_skip(name: str) -> Path:
    """Give a shared file's path; skip the test where there is none."""
    if not (FOLDER / name).is_file():
        pytest.skip(f'{FOLDER / name} is not on this machine')
    return FOLDER / name
