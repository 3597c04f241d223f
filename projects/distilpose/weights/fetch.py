"""Files of weights: where they are, and their hashes."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlparse

import torch
from mmengine.logging import print_log
from tqdm import tqdm

from distilpose_runtime import downloads
from distilpose_runtime.downloads import DownloadError, download
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
    """The SHA-256 of the file of a path or an address, in hexadecimal."""
    return downloads.file_sha256(local_file(str(source)))


def place_of(source: str) -> Path:
    """Where the file of a path or an address is, or will be.

    A downloaded file whose name carries a hash lies where PyTorch and MMEngine
    look for it, so that it is shared with them. Several files may have one
    name without a hash: each address has a folder of its own.

    Raises:
        CheckpointError: There is no home folder and no other place.
    """
    if not is_address(source):
        return Path(source)
    folder = Path(torch.hub.get_dir(), 'checkpoints')
    if folder.parts[0] == '~':
        raise CheckpointError(
            f'There is no home folder to keep {source} in. Set TORCH_HOME to '
            'a folder that can be written.'
        )
    name = Path(urlparse(source).path).name or 'checkpoint.pth'
    if named_hash(name):
        return folder / name
    return folder / hashlib.sha256(source.encode()).hexdigest()[:12] / name


def named_hash(source: str) -> str | None:
    """The beginning of a file's SHA-256, in hexadecimal, from its name.

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

    Of several processes, one downloads and the others wait. A hash that the
    name gives is compared each time.

    Raises:
        CheckpointError: It cannot be downloaded, or has another hash.
    """
    file = place_of(source)
    if not is_address(source):
        return file
    with tqdm(
        desc=file.name,
        unit='B',
        unit_scale=True,
        disable=None,  # but on a terminal
        delay=0.1,  # none for a file that is there
    ) as bar:

        def progress(count: int, total: int | None) -> None:
            bar.total = total
            bar.update(count - bar.n)

        try:
            download(
                source,
                file,
                named_hash(file.name) or '',
                lambda: print_log(
                    f'Downloading {source} to {file}', 'current'
                ),
                progress,
            )
        except DownloadError as error:
            raise CheckpointError(f'The checkpoint: {error}') from error
    return file
