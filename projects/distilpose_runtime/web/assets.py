"""ONNX Runtime Web, which the page runs models with.

The folder ``onnxruntime`` holds the files of the npm package that the page
needs, each compressed by xz, and their licences. ``files.json`` there says
of which version they are, and the SHA-256 of each.

    python -m distilpose_runtime.web.assets           # check the files
    python -m distilpose_runtime.web.assets --fetch   # fetch them anew, by npm
"""

import argparse
import base64
import hashlib
import json
import lzma
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ..errors import UserRuntimeError, UserValueError

__all__ = ['FOLDER', 'check', 'fetch', 'read', 'record']

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
    _compare(name, content, record(folder))
    return content


def check(folder: Path = FOLDER) -> None:
    """Compare all files with their hashes.

    Raises:
        ValueError: A file is not the one of this version.
    """
    for name in record(folder)['sha256']:
        read(name, folder)


def fetch(folder: Path = FOLDER) -> None:
    """Get the files from the npm registry, and replace those in the folder.

    Raises:
        OSError: There is no npm.
        RuntimeError: npm cannot get the package.
        ValueError: What it got is not the recorded version.
    """
    recorded = record(folder)
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run(
            ['npm', 'pack', f'onnxruntime-web@{recorded["version"]}'],
            cwd=work,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise UserRuntimeError(f'npm pack failed: {done.stderr.strip()}')
        (archive,) = Path(work).glob('*.tgz')
        digest = hashlib.sha512(archive.read_bytes()).digest()
        integrity = 'sha512-' + base64.b64encode(digest).decode()
        if integrity != recorded['integrity']:
            raise UserValueError(
                f'{archive.name} is {integrity}, expected '
                f'{recorded["integrity"]}.'
            )
        with tarfile.open(archive) as packed:
            for name in recorded['sha256']:
                member = packed.extractfile(f'package/dist/{name}')
                assert member is not None  # a file, as its hash says
                content = member.read()
                _compare(name, content, recorded)
                (folder / f'{name}.xz').write_bytes(
                    lzma.compress(content, preset=9 | lzma.PRESET_EXTREME)
                )


def _compare(name: str, content: bytes, recorded: dict[str, Any]) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != recorded['sha256'][name]:
        raise UserValueError(
            f'{name} is not the file of onnxruntime-web '
            f'{recorded["version"]}: its SHA-256 is {found[:16]}..., expected '
            f'{recorded["sha256"][name][:16]}.... Install distilpose again.'
        )


def main() -> None:
    parser = argparse.ArgumentParser(description='Check ONNX Runtime Web.')
    parser.add_argument('--fetch', action='store_true', help='by npm')
    if parser.parse_args().fetch:
        fetch()
    check()
    print(f'onnxruntime-web {record()["version"]}: as recorded')  # noqa: T201


if __name__ == '__main__':
    main()
