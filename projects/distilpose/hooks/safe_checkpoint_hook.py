"""Checkpoints that survive a kill or a full disk at any moment."""

import os
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserRuntimeError, UserValueError
from distilpose_runtime.files import written_whole

from .runner import checkpoint_of, is_resumed, use

__all__ = ['SafeCheckpointHook']


@register_backend('distilpose-atomic')
class AtomicBackend(LocalBackend):
    """Local files that are written in whole or not at all.

    MMEngine removes an outdated checkpoint before it writes the next; here it
    goes when ``remove_outdated`` is called, after that.
    """

    def __init__(self) -> None:
        self.outdated: dict[Path, os.stat_result] = {}

    def remove(self, filepath: str | Path) -> None:
        """Note a file to be removed."""
        self.outdated[Path(filepath)] = os.stat(filepath)

    def remove_outdated(self) -> None:
        """Remove what was noted and has not been written anew since."""
        while self.outdated:
            path, noted = self.outdated.popitem()
            if path.exists() and os.path.samestat(path.stat(), noted):
                path.unlink()

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file.

        Raises:
            OSError: It cannot be written; what stood there before still does.
        """
        path = Path(filepath)
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


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, with checkpoints that are whole or absent.

    - A local checkpoint is written beside its place and moved there when
      complete; an outdated one is removed after that.
    - On ``--resume``, files are checked first: a damaged one (of a run under
      another hook, a copy cut short) is named, and the one before it is used.
    - A work folder that was moved or copied is resumed from its own files,
      whatever paths it names.
    - At the end, the log says how to export the best checkpoint, or the last.

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
        if not is_resumed(runner):
            if (Path(runner.work_dir) / 'last_checkpoint').is_file():
                runner.logger.warning(
                    '"%s" holds checkpoints of an earlier run. This one '
                    'starts anew and replaces them; with --resume, it goes '
                    'on from the last one.',
                    runner.work_dir,
                )
            return
        # One process reads the files; all of them hear what it found.
        found = [self._find(runner) if is_main_process() else (None, [])]
        broadcast_object_list(found)
        path, damaged = found[0]
        if damaged and path is None:
            raise UserRuntimeError(
                f'No checkpoint to resume from: {", ".join(damaged)} not '
                'there or not written to the end. Resume from another one by '
                '--resume FILE, or start anew without --resume.'
            )
        if damaged:
            runner.logger.warning(
                'Damaged checkpoint, not written to its end: %s. Resuming '
                'from %s instead.',
                ', '.join(damaged),
                path,
            )
        if path:
            use(runner, path)

    def before_train(self, runner: Runner) -> None:
        """Look for the best checkpoint so far in the folder at hand.

        Raises:
            ValueError: The folder's name is not UTF-8.
        """
        super().before_train(runner)
        try:
            str(self.out_dir).encode()
        except UnicodeEncodeError as error:
            raise UserValueError(
                f'The name of the folder "{self.out_dir}" is not UTF-8, and '
                'MMEngine writes it down with each checkpoint. Choose '
                'another folder by --work-dir.'
            ) from error
        if '://' in self.out_dir:
            return
        if best := getattr(self, 'best_ckpt_path', None):
            self.best_ckpt_path = self._here(best)
        for metric, best in getattr(self, 'best_ckpt_path_dict', {}).items():
            self.best_ckpt_path_dict[metric] = best and self._here(best)

    def after_train_epoch(self, runner: Runner) -> None:
        """Save, then remove what is outdated."""
        super().after_train_epoch(runner)
        self._remove_outdated()

    def after_train_iter(self, runner: Runner, *args: Any, **kw: Any) -> None:
        """Save, then remove what is outdated."""
        super().after_train_iter(runner, *args, **kw)
        self._remove_outdated()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best, then remove what is outdated."""
        super().after_val_epoch(runner, metrics)
        self._remove_outdated()

    def after_train(self, runner: Runner) -> None:
        """Say what comes next."""
        super().after_train(runner)
        checkpoint = getattr(self, 'best_ckpt_path', None) or self.last_ckpt
        if checkpoint and runner.cfg.filename:
            files = shlex.join([runner.cfg.filename, checkpoint])
            runner.logger.info(
                'To use what is trained:\n  distilpose export %s student.onnx',
                files,
            )

    def _remove_outdated(self) -> None:
        if isinstance(self.file_backend, AtomicBackend):
            self.file_backend.remove_outdated()

    def _here(self, path: str) -> str:
        return str(Path(self.out_dir, Path(path).name))

    def _find(self, runner: Runner) -> tuple[str | None, list[str]]:
        """The newest intact checkpoint, and newer ones that are damaged."""
        given = checkpoint_of(runner)
        named = given or find_latest_checkpoint(runner.work_dir) or ''
        files = [named] if given else self._of_folder(runner.work_dir, named)
        damaged: list[str] = []
        for file in filter(os.path.isfile, dict.fromkeys(files)):
            if _is_intact(file):
                return file, damaged
            damaged.append(file)
        is_gone = named and '://' not in named and not damaged
        return None, [named] if is_gone else damaged

    def _of_folder(self, work_dir: str, named: str) -> list[str]:
        """Where to look for the last checkpoint of a run, in this order."""
        folder = Path(work_dir)
        if self.out_dir:
            folder = Path(self.out_dir, folder.name)
        pattern = re.sub(r'{.*?}', '*', self.filename_tmpl)
        files: list[Path] = []
        for place in [folder, *([Path(named).parent] if named else [])]:
            # The one last named comes first: a run that began anew in the
            # folder of an older one has lower numbers.
            files.append(place / Path(named).name)
            files += sorted(place.glob(pattern), key=_number, reverse=True)
        return [str(file) for file in files]


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
