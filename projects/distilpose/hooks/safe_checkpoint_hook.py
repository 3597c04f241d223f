"""Checkpoints that survive a kill or a full disk at any moment."""

import os
import re
import string
import zipfile
from pathlib import Path
from typing import Any, Iterator, List, Optional, Union

from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS

__all__ = ['SafeCheckpointHook']


@register_backend('atomic')
class AtomicBackend(LocalBackend):
    """Local files that are written in whole or not at all.

    ``NAME`` is written as ``.NAME.distilpose.partial`` beside its place. What
    a kill leaves of that, the next writing of ``NAME`` replaces.
    """

    def put(self, obj: bytes, filepath: Union[str, Path]) -> None:
        """Write a file.

        Raises:
            OSError: It cannot be written; what stood there before still does.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f'.{path.name}.distilpose.partial')
        try:
            with open(partial, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise OSError(
                error.errno,
                f'{error.strerror}; the checkpoint could not be written, '
                'earlier ones are intact. Make room and go on with --resume',
                str(path),
            ) from error


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, with checkpoints that are whole or absent.

    - A checkpoint is written beside its place and moved there when complete.
    - On ``--resume``, files are checked first: a damaged one (of a run under
      another hook, a copy cut short) is named, and the one before it is used.

    Both hold for local files, in the working folder or, with ``out_dir``, in
    the folder of the working folder's name there; not where ``out_dir`` is an
    address such as ``s3://...``.

    Args:
        *args: As for :class:`CheckpointHook`.
        backend_args: As for :class:`CheckpointHook`. Defaults to atomic writes
            for local files.
        max_keep_ckpts: As for :class:`CheckpointHook`, but not 1.
        **kwargs: As for :class:`CheckpointHook`.

    Raises:
        ValueError: ``max_keep_ckpts`` is 1: the only checkpoint would be
            removed before the next one is written.
    """

    def __init__(
        self,
        *args: Any,
        backend_args: Optional[dict] = None,
        max_keep_ckpts: int = -1,
        **kwargs: Any,
    ) -> None:
        if max_keep_ckpts == 1:
            raise ValueError(
                'SafeCheckpointHook: with max_keep_ckpts=1, MMEngine removes '
                'the only checkpoint before it writes the next. Keep 2 or '
                'more, or all with -1.'
            )
        super().__init__(
            *args,
            backend_args=backend_args,
            max_keep_ckpts=max_keep_ckpts,
            **kwargs,
        )
        given = self.backend_args or self.file_client_args
        if given is None and '://' not in str(self.out_dir):
            self.backend_args = dict(backend='atomic')

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """As MMEngine's, but the old one is removed after the new one is."""
        removed = []
        backend, remove = self.file_backend, self.file_backend.remove
        backend.remove = removed.append
        try:
            super()._save_best_checkpoint(runner, metrics)
        finally:
            backend.remove = remove
        for path in removed:
            if backend.isfile(path) and path != getattr(
                self, 'best_ckpt_path', None
            ):
                remove(path)

    def before_run(self, runner: Runner) -> None:
        """Choose what to resume from.

        Raises:
            RuntimeError: There are checkpoints, but none is intact, or the one
                that was asked for is not.
        """
        if not runner._resume or runner._has_loaded:
            return
        if runner._load_from is not None:
            if not _is_intact(runner._load_from):
                raise RuntimeError(
                    f'The checkpoint "{runner._load_from}" is damaged: it '
                    'was not written to its end. Resume from an earlier one.'
                )
            return
        named = find_latest_checkpoint(runner.work_dir)
        folder = Path(runner.work_dir)
        if self.out_dir not in (None, runner.work_dir):
            folder = Path(self.out_dir, folder.name)  # as MMEngine has it
        damaged = []
        for path in self._candidates(folder, named):
            if _is_intact(path):
                break
            damaged.append(str(path))
        else:
            if damaged:
                raise RuntimeError(
                    f'No checkpoint to resume from: {", ".join(damaged)} '
                    'were not written to their ends. Start anew without '
                    '--resume.'
                )
            return
        if damaged:
            runner.logger.warning(
                'Damaged checkpoint, not written to its end: %s. Resuming '
                'from %s instead.',
                ', '.join(damaged),
                path,
            )
        if str(path) != named:
            runner._load_from = str(path)

    def _candidates(
        self, folder: Path, named: Optional[str]
    ) -> Iterator[Path]:
        """Checkpoints, the newest first: the one last named, then others."""
        if named and Path(named).is_file():
            yield Path(named)
        for path in _by_number(folder, self.filename_tmpl):
            if not named or path != Path(named):
                yield path


def _by_number(folder: Path, template: str) -> List[Path]:
    """Files called by a template such as ``epoch_{}.pth``, highest first.

    A template without number is the name of the only one.
    """
    pattern = ''.join(
        re.escape(text) + ('' if field is None else r'(\d+)')
        for text, field, *_ in string.Formatter().parse(template)
    )
    numbered = {
        path: [int(number) for number in match.groups()]
        for path in folder.glob('*')
        for match in [re.fullmatch(pattern, path.name)]
        if match
    }
    return sorted(numbered, key=numbered.get, reverse=True)


def _is_intact(path: Union[str, Path]) -> bool:
    """Whether a checkpoint is complete, without loading it.

    PyTorch's files are ZIP archives whose table of contents comes last, with
    a checksum for every tensor. Remote and older files are not looked into.
    """
    path = Path(path)
    if not path.is_file():
        return True
    with open(path, 'rb') as file:
        begins = file.read(4)
    if begins and begins != b'PK\x03\x04':
        return begins[:1] == b'\x80'  # a pickle, PyTorch's older format
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:  # zipfile raises many kinds on damaged tables
        return False
