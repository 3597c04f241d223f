"""Training runs with a progress bar, which continue where they stopped."""

import copy
import json
import traceback
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings
from tqdm import tqdm

from distilpose_runtime.errors import UserRuntimeError, UserValueError
from distilpose_runtime.files import written_whole

__all__ = ['Training', 'output_in_log']

Metrics = dict[str, float]


@dataclass(frozen=True)
class Training:
    """A config that trains in its own folder, and its results.

    The folder holds MMEngine's files and ``output.log``. Of ours are
    ``claim.json``, which says whose folder it is, and ``validations.json``,
    the metrics by epoch. Both are complete or absent.

    Attributes:
        name: What the progress bar calls the run.
        config: The config, with all changes made.
        folder: Where the run writes.
    """

    name: str
    config: Config
    folder: Path

    @property
    def epochs(self) -> int:
        """How many epochs it trains.

        Raises:
            ValueError: It trains by iterations, or not at all.
        """
        epochs = (self.config.get('train_cfg') or {}).get('max_epochs')
        if not isinstance(epochs, int) or epochs < 1:
            raise UserValueError(
                f'"{self.name}" has train_cfg.max_epochs={epochs}, expected '
                'a number of epochs. Set it to 1 or more.'
            )
        return epochs

    @property
    def checkpoint(self) -> Path:
        return self.folder / f'epoch_{self.epochs}.pth'

    @property
    def validations(self) -> dict[int, Metrics]:
        """The metrics by epoch; after a restart, the later ones count.

        Raises:
            RuntimeError: The file that holds them is damaged.
        """
        file = self.folder / 'validations.json'
        if not file.exists():
            return {}
        try:
            found = json.loads(file.read_text())
            return {int(epoch): metrics for epoch, metrics in found.items()}
        except (AttributeError, ValueError) as error:
            raise UserRuntimeError(
                f'{file} is damaged ({error}). Remove it, and the last epoch '
                'is validated again.'
            ) from error

    def claim(self) -> None:
        """Claim the folder for this run, or check that this run owns it.

        A run that failed before its first checkpoint leaves nothing to lose:
        with a mended config, the folder is taken over.

        Raises:
            RuntimeError: It holds a run with another config.
        """
        file = self.folder / 'claim.json'
        settings = dict(self.config.items())
        text = json.dumps(settings, indent=1, default=str).encode()
        if file.exists() and file.read_bytes() == text:
            return
        if file.exists() and any(self.folder.glob('*.pth')):
            raise UserRuntimeError(
                f'{self.folder} holds a run with another config or other '
                'options. Remove that folder, or choose another name.'
            )
        with written_whole(file) as partial:
            partial.write_bytes(text)

    def run(self) -> Metrics:
        """Train and validate, unless both are done.

        Returns:
            The metrics after the last epoch.

        Raises:
            RuntimeError: The folder belongs to another run, or the training
                failed; the message names the log.
        """
        self.claim()
        # Reading a config imports them, but not those of later changes, nor
        # in another process.
        import_modules_from_strings(
            **(self.config.get('custom_imports') or dict(imports=None))
        )
        trained = self.checkpoint.exists()
        if not trained and self.epochs not in self.validations:
            self._train()
        if self.epochs not in self.validations:
            # It stopped between its last checkpoint and its last validation:
            # MMEngine would resume, find nothing to train and not validate.
            self.record(self.epochs, self._validate())
        return self.validations[self.epochs]

    def record(self, epoch: int, metrics: Metrics) -> None:
        """Keep the metrics of an epoch."""
        found = {**self.validations, epoch: metrics}
        text = json.dumps(found, indent=1, default=float)
        with written_whole(self.folder / 'validations.json') as partial:
            partial.write_text(text)

    def _train(self) -> None:
        config = self._config(self.folder)
        if any(self.folder.glob('*.pth')):
            config.resume = True  # from the last checkpoint
            # Otherwise MMEngine would resume the weights at the start.
            config.load_from = None
        with (
            output_in_log(self.folder, self.name),
            tqdm(desc=self.name, unit='step', mininterval=1) as bar,
        ):
            runner = Runner.from_cfg(config)
            runner.register_hook(_Progress(self, bar), 'VERY_LOW')
            runner.train()

    def _validate(self) -> Metrics:
        config = self._config(self.folder / 'test')
        config.load_from = str(self.checkpoint)
        config.test_dataloader = config.val_dataloader
        config.test_evaluator = config.val_evaluator
        config.test_cfg = config.get('test_cfg') or {}
        with output_in_log(self.folder, self.name):
            return Runner.from_cfg(config).test()

    def _config(self, work_dir: Path) -> Config:
        config = copy.deepcopy(self.config)
        config.work_dir = str(work_dir)
        # MMEngine adds the time in seconds, and runs of one name are given
        # one logger: the second would write to the first one's closed file.
        config.experiment_name = f'{self.name}_{uuid.uuid4().hex}'
        if config.get('visualizer'):
            # Visualizers of one name are one object, with one folder.
            config.visualizer.name = str(work_dir)
        return config


@contextmanager
def output_in_log(folder: Path, name: str) -> Iterator[None]:
    """Write to ``output.log`` what MMEngine prints, and why it failed.

    Args:
        folder: Folder of the log.
        name: Name of the run in the error.

    Raises:
        RuntimeError: Something failed; the message names the log.
    """
    log = folder / 'output.log'
    with (
        open(log, 'a', buffering=1, encoding='utf-8') as file,
        redirect_stdout(file),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter('ignore')
        try:
            yield
        except Exception as error:
            traceback.print_exc(file=file)
            raise UserRuntimeError(
                f'{name} failed: {error}\nThe output is in {log}.'
            ) from error
        finally:
            # MMEngine's logger outlives its runner, the file does not.
            handlers = MMLogger.get_current_instance().handlers
            handlers[:] = [
                handler
                for handler in handlers
                if getattr(handler, 'stream', None) is not file
            ]


class _Progress(Hook):
    """Moves a bar step by step, and keeps the metrics of validations."""

    def __init__(self, training: Training, bar: tqdm) -> None:
        self.training = training
        self.bar = bar

    def before_train(self, runner: Runner) -> None:
        self.bar.total = runner.max_iters
        self.bar.n = self.bar.initial = runner.iter
        self.bar.refresh()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        self.bar.update()
        if outputs and self.every_n_train_iters(runner, 10):
            loss = float(outputs['loss'])
            self.bar.set_postfix_str(f'loss {loss:.4f}', refresh=False)

    def after_val_epoch(
        self, runner: Runner, metrics: Metrics | None = None
    ) -> None:
        if metrics:
            self.training.record(runner.epoch, metrics)
            name, value = next(iter(metrics.items()))
            # Standard output is the log now.
            self.bar.write(
                f'   epoch {runner.epoch}: {name} {value:.3f}',
                file=self.bar.fp,
            )
