"""ONNX Runtime Web, which the page runs models with.

The folder ``onnxruntime`` holds the files of the npm package that the page
needs, each compressed by xz, and their licences. ``files.json`` there says
of which version they are, and the SHA-256 of each; ``python -m
distilpose_runtime.web.assets`` compares them. ``make web-assets`` fetches the
files anew.
"""

import hashlib
import json
import lzma
from pathlib import Path
from typing import Any

from ..errors import UserValueError

__all__ = ['FOLDER', 'check', 'read', 'record']

FOLDER = Path(__file__).parent / 'onnxruntime'


def record(folder: Path = FOLDER) -> dict[str, Any]:
    """What ``files.json`` says."""
    return json.loads((folder / 'files.json').read_text())


def read(name: str, folder: Path = FOLDER) -> bytes:
    """Give the content of a file of ONNX Runtime Web.

    Args:
        name: Its name in the npm package.
        folder: Where the compressed files lie.

    Raises:
        ValueError: The file is not the one of this version.
    """
    try:
        content = lzma.decompress((folder / f'{name}.xz').read_bytes())
    except lzma.LZMAError as error:
        content = str(error).encode()  # has another hash
    recorded = record(folder)
    found = hashlib.sha256(content).hexdigest()
    wanted = recorded['sha256'][name]
    if found != wanted:
        raise UserValueError(
            f'{name} is not the file of onnxruntime-web '
            f'{recorded["version"]}: its SHA-256 is {found[:16]}..., expected '
            f'{wanted[:16]}.... Install distilpose again.'
        )
    return content


def check(folder: Path = FOLDER) -> None:
    """Compare all files with their hashes.

    Raises:
        ValueError: A file is not the one of this version.
    """
    for name in record(folder)['sha256']:
        read(name, folder)


if __name__ == '__main__':
    check()
    print(f'onnxruntime-web {record()["version"]}: as recorded')  # noqa: T201
