"""Public detectors, fetched once and checked by their hash."""

import hashlib
import os
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .errors import UserError

__all__ = ['DETECTORS', 'DownloadError', 'Download', 'fetch']

YOLOX = 'https://github.com/Megvii-BaseDetection/YOLOX/releases/download'
TIMEOUT = 30  # seconds without an answer


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
    if path.is_file():
        _check(item, path, path)
        return path
    announce(
        f'Fetching {item.url} ({item.size / 1e6:.0f} MB, {item.license}) to '
        f'{path}.'
    )
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=path.name, delete=False
        ) as file:
            part = Path(file.name)
            with urllib.request.urlopen(item.url, timeout=TIMEOUT) as answer:
                # One byte more than expected shows that it is another file.
                file.write(answer.read(item.size + 1))
        _check(item, part, path)
        os.replace(part, path)
    except DownloadError:
        raise
    except OSError as error:  # urllib's errors among them
        raise DownloadError(
            f'{item.url} cannot be fetched ({error}). Without a network, copy '
            f'the file to {path}.'
        ) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return path


def _cache() -> Path:
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(cache) / 'distilpose'


def _check(item: Download, file: Path, name: Path) -> None:
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DownloadError(f'{name} cannot be read ({error}).') from error
    if found != item.sha256:
        raise DownloadError(
            f'{name} is not the file that was expected from {item.url}: its '
            f'SHA-256 is {found[:12]}..., not {item.sha256[:12]}.... Remove '
            'it and try again.'
        )
