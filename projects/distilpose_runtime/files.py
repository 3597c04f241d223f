"""Folders that are whole or not there."""

import shutil
from pathlib import Path

__all__ = ['give_place']


def give_place(partial: Path, folder: Path) -> None:
    """Move what a finished folder holds to its place.

    A folder that is there stays, and is filled: a shell may be in it, and a
    mount point cannot be replaced. Files come last, as they may say that the
    rest is complete.

    Args:
        partial: The finished folder, which is gone afterwards.
        folder: Its place, not there or empty.

    Raises:
        OSError: It cannot be written.
    """
    if not folder.exists():
        partial.rename(folder)
        return
    for item in sorted(partial.iterdir(), key=Path.is_file):
        shutil.move(str(item), str(folder / item.name))
    partial.rmdir()
