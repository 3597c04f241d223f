"""Files and folders that are whole or not there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ['written_folder', 'written_whole']


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
