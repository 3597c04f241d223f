"""Files of weights: where they are, their hashes, and their download."""

import hashlib
import os
import re
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch
from filelock import FileLock
from mmengine.logging import print_log
from tqdm import tqdm

from distilpose_runtime.errors import UserValueError

__all__ = [
    'CheckpointError',
    'file_sha256',
    'is_address',
    'local_file',
    'named_hash',
    'place_of',
]


class CheckpointError(UserValueError):
    """A checkpoint that cannot be used; the message says why."""


def file_sha256(source: str | Path) -> str:
    """The SHA-256 of a checkpoint's file, in hexadecimal digits.

    Args:
        source: As for ``read_state_dict``.
    """
    return _sha256(local_file(str(source)))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for chunk in iter(lambda: file.read(1 << 20), b''):
            digest.update(chunk)
    return digest.hexdigest()


def place_of(source: str) -> Path:
    """Where the file of a path or an address is, or will be.

    A downloaded file whose name carries a hash lies where PyTorch and MMEngine
    look for it, so that it is shared with them. Other names may be those of
    several files: each address has a folder of its own.
    """
    if not is_address(source):
        return Path(source)
    folder = Path(torch.hub.get_dir(), 'checkpoints')
    name = Path(urlparse(source).path).name or 'checkpoint.pth'
    if named_hash(name):
        return folder / name
    return folder / hashlib.sha256(source.encode()).hexdigest()[:12] / name


def named_hash(source: str) -> str | None:
    """How the SHA-256 of a file begins, in hexadecimal, as its name says.

    OpenMMLab's tools name a published file ``model-0123abcd.pth`` or
    ``model-0123abcd_20230831.pth``. None for other names, such as
    ``model-20231122.pth``, which has a date.
    """
    named = re.search(r'-(?!20\d{6}\.)([0-9a-f]{8})(_\d{8})?\.\w+$', source)
    return named[1] if named else None


def is_address(source: str) -> bool:
    """Whether it is an HTTP address, not a path."""
    return urlparse(source).scheme in ('http', 'https')


def local_file(source: str) -> Path:
    """The file of a path or an address, which is downloaded once.

    Of several processes, one downloads and the others wait.

    Raises:
        CheckpointError: It cannot be downloaded.
    """
    file = place_of(source)
    if not is_address(source):
        return file
    if file.exists():
        _expect_whole(file, source)
        return file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f'{file}.lock'):
            if not file.exists():
                print_log(f'Downloading {source} to {file}', 'current')
                _download(source, file)
    except (OSError, HTTPException) as error:
        raise CheckpointError(
            f'The checkpoint "{source}" cannot be downloaded ({error}). Try '
            f'again, or fetch it in another way and save it as "{file}".'
        ) from error
    return file


def _expect_whole(file: Path, address: str) -> None:
    """Compare a file in the cache, copied there perhaps, with its name."""
    named = named_hash(file.name)
    found = _sha256(file) if named else ''
    if named and not found.startswith(named):
        raise CheckpointError(
            f'The file "{file}" is not that of {address}: its SHA-256 begins '
            f'with {found[:8]}, not with {named} as its name says. Delete it, '
            'and it is downloaded, or copy it there once more.'
        )


def _download(address: str, file: Path) -> None:
    """Download a file, in whole or not at all, and compare its hash.

    Raises:
        OSError: The connection failed, or the file is not what it should be.
    """
    partial = file.with_name(f'{file.name}.partial')
    digest = hashlib.sha256()
    request = Request(address, headers={'User-Agent': 'distilpose'})
    try:
        with urlopen(request, timeout=60) as reply, open(partial, 'wb') as out:
            length = reply.headers.get('Content-Length')
            with tqdm(
                total=length and int(length),
                desc=file.name,
                unit='B',
                unit_scale=True,
                disable=None,  # but on a terminal
            ) as bar:
                for chunk in iter(lambda: reply.read(1 << 20), b''):
                    out.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
            if length and out.tell() != int(length):
                raise OSError(
                    f'the connection ended after {out.tell()} of {length} '
                    'bytes'
                )
        named = named_hash(file.name)
        if named and not digest.hexdigest().startswith(named):
            raise OSError(
                f'its SHA-256 begins with {digest.hexdigest()[:8]}, not with '
                f'{named} as its name says'
            )
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)
