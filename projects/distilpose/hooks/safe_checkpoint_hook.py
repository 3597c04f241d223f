"""Checkpoints that survive a kill or a full disk at any moment."""

import os
import re
import zipfile
from pathlib import Path
from typing import Any, ClassVar

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserRuntimeError
from distilpose_runtime.files import written_whole

__all__ = ['SafeCheckpointHook']


@register_backend('distilpose-atomic')
class AtomicBackend(LocalBackend):
    """Local files that are written in whole or not at all.

    MMEngine removes an outdated checkpoint before it writes the next; here the
    file goes when the next one in its folder is written.
    """

    _outdated: ClassVar[set[Path]] = set()

    def remove(self, filepath: str | Path) -> None:
        """Remove a file after the next ``put`` into its folder."""
        self._outdated.add(Path(filepath))

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file.

        Raises:
            OSError: It cannot be written; what stood there before still does.
        """
        path = Path(filepath)
        outdated = {x for x in self._outdated if x.parent == path.parent}
        self._outdated.difference_update(outdated)
        try:
            with written_whole(path) as partial:
                partial.write_bytes(obj)
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}; the checkpoint could not be written, '
                'earlier ones are intact. Make room and go on with --resume',
                str(path),
            ) from error
        for old in outdated - {path}:
            old.unlink(missing_ok=True)


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, with checkpoints that are whole or absent.

    - A local checkpoint is written beside its place and moved there when
      complete; an outdated one is removed after that.
    - On ``--resume``, files are checked first: a damaged one (of a run under
      another hook, a copy cut short) is named, and the one before it is used.

    Arguments are those of ``CheckpointHook``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if '://' not in str(kwargs.get('out_dir')):
            kwargs.setdefault(
                'backend_args', dict(backend='distilpose-atomic')
            )
        super().__init__(*args, **kwargs)

    def before_run(self, runner: Runner) -> None:
        """Choose what to resume from.

        Raises:
            RuntimeError: There are checkpoints, but none is intact, or the one
                that was asked for is not.
        """
        if not runner._resume:
            return
        # One process reads the files; all of them hear what it found.
        found: list[Any] = [None]
        if is_main_process():
            found[0] = self._find(runner)
        broadcast_object_list(found)
        path, damaged = found[0]
        if damaged and path is None:
            raise UserRuntimeError(
                f'No checkpoint to resume from: {", ".join(damaged)} not '
                'written to the end. Resume from another one by --resume '
                'FILE, or start anew without --resume.'
            )
        if damaged:
            runner.logger.warning(
                'Damaged checkpoint, not written to its end: %s. Resuming '
                'from %s instead.',
                ', '.join(damaged),
                path,
            )
        runner._load_from = path or runner._load_from

    def _find(self, runner: Runner) -> tuple[str | None, list[str]]:
        """The newest intact checkpoint, and newer ones that are damaged."""
        files = [runner._load_from]
        if runner._load_from is None:
            # The one last named comes first: a run that began anew in the
            # folder of an older one has lower numbers.
            named = find_latest_checkpoint(runner.work_dir)
            folder = Path(named).parent if named else Path(runner.work_dir)
            pattern = re.sub(r'{.*?}', '*', self.filename_tmpl)
            by_number = sorted(folder.glob(pattern), key=_number, reverse=True)
            files = [named or '', *map(str, by_number)]
        damaged: list[str] = []
        for file in filter(os.path.isfile, dict.fromkeys(files)):
            if _is_intact(file):
                return file, damaged
            damaged.append(file)
        return None, damaged


def _number(path: Path) -> int:
    """The last number in a file's name, of its epoch or iteration."""
    return int(['-1', *re.findall(r'\d+', path.stem)][-1])


def _is_intact(path: str) -> bool:
    """Whether a checkpoint is complete, without loading it.

    PyTorch's files are ZIP archives whose table of contents comes last, with
    a checksum for every tensor. Files of its older format pass unchecked.
    """
    with open(path, 'rb') as file:
        if file.read(1) == b'\x80':
            return True
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:  # zipfile raises many kinds on damaged tables
        return False
