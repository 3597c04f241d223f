"""Files that are downloaded once, and compared with their hash."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

from .errors import UserError
from .files import written_whole

__all__ = [
    'DETECTORS',
    'Download',
    'DownloadError',
    'download',
    'fetch',
    'file_sha256',
]

YOLOX = 'https://github.com/Megvii-BaseDetection/YOLOX/releases/download'
TIMEOUT = 60  # seconds without an answer
CHUNK = 1 << 20  # bytes


class DownloadError(UserError, OSError):
    """A file that cannot be had; the message says what to do."""


class Download(NamedTuple):
    """A public file.

    Attributes:
        url: Where it is.
        sha256: Its hash.
        size: Its length, bytes.
        license: Under which it may be used.
    """

    url: str
    sha256: str
    size: int
    license: str


# The official exports of YOLOX, trained on COCO.
DETECTORS = {
    'yolox-tiny': Download(
        f'{YOLOX}/0.1.1rc0/yolox_tiny.onnx',
        '427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7',
        20_219_662,
        'Apache-2.0',
    ),
    'yolox-s': Download(
        f'{YOLOX}/0.1.1rc0/yolox_s.onnx',
        'c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063',
        35_858_002,
        'Apache-2.0',
    ),
}


def fetch(
    item: Download,
    folder: Path | None = None,
    announce: Callable[[str], None] = lambda text: None,
) -> Path:
    """Give the path of a public file, fetching it when it is not here yet.

    Args:
        item: What to fetch.
        folder: Where files are kept. Defaults to ``distilpose`` in
            ``$XDG_CACHE_HOME``, or in ``~/.cache``.
        announce: Called with a line that says what is fetched, from where.

    Raises:
        DownloadError: It cannot be fetched or kept, or is not the file that
            was expected.
    """
    path = (folder or _cache()) / item.url.rsplit('/', 1)[-1]
    size = f'{item.size / 1e6:.0f} MB'
    text = f'Fetching {item.url} ({size}, {item.license}) to {path}.'
    download(item.url, path, item.sha256, announce=lambda: announce(text))
    return path


def download(
    address: str,
    path: Path,
    sha256: str = '',
    announce: Callable[[], None] = lambda: None,
    progress: Callable[[int, int | None], None] = lambda count, total: None,
) -> None:
    """Download a file once, whole or not at all.

    Of several processes, one downloads and the others wait.

    Args:
        address: Where it is, by HTTP.
        path: Where it is kept. A file that is there is compared and left.
        sha256: Its hash, or how that begins; nothing if it is not known.
        announce: Called before the download starts.
        progress: Called with the bytes that have come, and with how many
            there are, or None where the server does not say.

    Raises:
        DownloadError: It cannot be downloaded or kept, or has another hash.
    """
    try:
        if path.is_file():
            _expect_hash(path, sha256)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            if not path.is_file():  # another process was faster
                announce()
                with written_whole(path) as partial:
                    _download(address, partial, sha256, progress)
    except (OSError, HTTPException) as error:  # urllib's errors among them
        if path.is_file():
            raise DownloadError(
                f'The file "{path}" is not that of {address} ({error}). '
                'Delete it, and it is downloaded, or copy it there once more.'
            ) from error
        raise DownloadError(
            f'{address} cannot be downloaded ({error}). Try again, or fetch '
            f'it in another way and save it as "{path}".'
        ) from error


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        for chunk in iter(lambda: file.read(CHUNK), b''):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time make a file."""
    from filelock import FileLock

    lock = path.with_name(f'{path.name}.lock')
    with FileLock(lock):
        try:
            yield
        finally:
            # Those that wait see that it is gone, and make a new one. Windows
            # removes it later: an open file cannot be.
            with suppress(OSError):
                lock.unlink()


def _download(
    address: str,
    file: Path,
    sha256: str,
    progress: Callable[[int, int | None], None],
) -> None:
    """Download a file, and compare its length and its hash.

    Raises:
        OSError: The connection failed, or the file is not what it should be.
    """
    request = Request(address, headers={'User-Agent': 'distilpose'})
    with urlopen(request, timeout=TIMEOUT) as reply, open(file, 'wb') as out:
        length = reply.headers.get('Content-Length')
        total = int(length) if length else None
        for chunk in iter(lambda: reply.read(CHUNK), b''):
            out.write(chunk)
            progress(out.tell(), total)
        if total not in (None, out.tell()):
            raise OSError(
                f'the connection ended after {out.tell()} of {total} bytes'
            )
    _expect_hash(file, sha256)


def _expect_hash(file: Path, sha256: str) -> None:
    found = file_sha256(file) if sha256 else ''
    if not found.startswith(sha256):
        raise OSError(
            f'its SHA-256 begins with {found[:8]}, not with {sha256[:8]}'
        )


def _cache() -> Path:
    cache = os.environ.get('XDG_CACHE_HOME')
    try:
        return Path(cache or Path.home() / '.cache') / 'distilpose'
    except RuntimeError as error:
        raise DownloadError(
            'There is no home folder to keep a download in. Set '
            'XDG_CACHE_HOME to a folder that can be written.'
        ) from error
