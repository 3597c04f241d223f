"""Processes that fill one folder together, each with its part of the work.

They do not talk to each other. Locks say who is at work, files say what is
done. So all that they need is a folder that each of them sees.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import UserValueError

__all__ = ['Part', 'Parts']

Part = tuple[int, int]  # which, from 1 on, and of how many


class Parts:
    """A part, and the files of all parts: ``1-of-2`` and a suffix.

    A part's lock is the system's (``flock``), so that it ends with its
    process, even if that is killed. Between machines it holds where the
    network file system passes it on to the server: NFS does so, Lustre if it
    is mounted with ``flock``. Where a file system has no locks at all,
    filelock warns, and takes the lock file itself for the lock.

    Args:
        folder: A folder for these files, within the one that is filled.
        part: Which part, and of how many.
    """

    def __init__(self, folder: Path, part: Part = (1, 1)) -> None:
        self.folder = folder
        self.part = part

    def file(self, suffix: str) -> Path:
        """This part's file of a suffix."""
        return self.folder / '{}-of-{}{}'.format(*self.part, suffix)

    def files(self, suffix: str) -> list[Path]:
        """All parts' files of a suffix that are there, of any number of parts.

        Runs that were interrupted may have had others.
        """
        return sorted(self.folder.glob(f'*-of-*{suffix}'))

    def together(self) -> AbstractContextManager:
        """Wait until no other part does what all of them share."""
        return FileLock(self.folder / 'lock')

    def running(self) -> list[Path]:
        """Locks of the other parts that are at work, of any number of parts.

        To be called within ``together``.
        """
        found = []
        for lock in self.files('.lock'):
            if lock != self.file('.lock'):
                try:
                    with FileLock(lock, timeout=0):
                        pass
                except Timeout:
                    found.append(lock)
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from the same part, and from other parts.

        Raises:
            ValueError: A process works on this part, or on one of another
                number of parts.
            OSError: The folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        own = self.file('.lock')
        with ExitStack() as stack:
            with self.together():
                for lock in self.running():
                    if lock.stem.partition('-of-')[2] != str(self.part[1]):
                        raise self._refusal(lock)
                try:
                    stack.enter_context(FileLock(own, timeout=0))
                except Timeout as error:
                    raise self._refusal(own) from error
                own.with_suffix('.run').write_text(
                    f'process {os.getpid()} on {socket.gethostname()}, since '
                    f'{time.strftime("%Y-%m-%d %H:%M:%S %Z")}'
                )
            yield

    def _refusal(self, lock: Path) -> UserValueError:
        who = lock.with_suffix('.run')
        told = f' ({who.read_text()})' if who.is_file() else ''
        return UserValueError(
            f'Another run writes to "{self.folder.parent}": part '
            f'{lock.stem.replace("-of-", " of ")}{told}. Wait for its end, or '
            'name another folder. Processes that share the work are started '
            'by a --launcher, or each with its --part.'
        )
