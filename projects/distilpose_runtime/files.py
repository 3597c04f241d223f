"""Files and folders that are whole or not there."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ['append', 'written_folder', 'written_whole']

NO_ROOM = errno.ENOSPC, errno.EDQUOT, errno.EFBIG


@contextmanager
def written_whole(path: Path, sync: bool = True) -> Iterator[Path]:
    """Write a file whole or not at all.

    It is written beside its place, as ``.NAME.partial``, and replaces what
    was there in one step. After an error or a kill, or on a full disk, the
    file that was there still is. What a kill leaves of the new one is
    overwritten the next time. A link stays: the file that it leads to is
    replaced.

    Args:
        path: Its place; folders above it are made.
        sync: Whether to wait until it is on the disk, before it gets its
            name. Else it may be empty after a power cut.

    Yields:
        Where to write it.

    Raises:
        OSError: It cannot be written.
    """
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}.partial')
    try:
        yield partial
        if sync:
            with open(partial, 'rb+') as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        # The system names no file when one that is open grows too large.
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def written_folder(folder: Path) -> Iterator[Path]:
    """Write a folder whole or not at all, as ``written_whole`` does a file.

    A folder that is there stays, and is filled: a shell may be in it, and a
    mount point cannot be replaced. Files come last, as they may say that the
    rest is complete.

    Args:
        folder: Its place, not there or empty.

    Yields:
        An empty folder to fill, which is gone afterwards.

    Raises:
        OSError: It cannot be written.
    """
    partial = folder.with_name(f'.{folder.name}.partial')
    if partial.exists():  # of a run that was killed
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    try:
        yield partial
        if not folder.exists():
            partial.rename(folder)
            return
        for item in sorted(partial.iterdir(), key=Path.is_file):
            shutil.move(str(item), str(folder / item.name))
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def append(file: Path, end: int, data: bytes) -> int:
    """Add to a file what is then there even if the process is killed.

    Args:
        file: The file, there or not.
        end: How many of its bytes count. What a kill has left behind them,
            cut off in the middle, is dropped.
        data: What to add.

    Returns:
        How many of its bytes count now.

    Raises:
        OSError: It cannot be written. What counted still does.
    """
    # Without a buffer, which would hold on to what a full disk refused.
    try:
        with open(file, 'ab', buffering=0) as opened:
            opened.truncate(end)
            if opened.write(data) < len(data):
                raise OSError('no room')
    except OSError as error:
        raise OSError(
            f'"{file}" cannot be written ({error.strerror or error}). What is '
            'done so far is kept. Make room, and run the same command again.'
        ) from error
    return end + len(data)
