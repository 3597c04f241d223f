"""The demo: teacher, distilled and undistilled student, by MIM's commands.

Every stage leaves a file when it is complete, so that an interrupted demo
goes on where it was, within a training from its last checkpoint.
"""

import json
import re
import time
from pathlib import Path
from typing import List, NamedTuple

from mmengine.config import Config
from tqdm import tqdm

from .. import __version__
from ..commands import read_step, run_mim
from .dataset import make_dataset
from .report import write_report

__all__ = ['MODELS', 'Run', 'run']

CONFIGS = Path(__file__).parents[1] / '.mim/configs/body_2d_keypoint'
# In the order of training: the teacher starts from the undistilled student's
# encoder, the distilled student from nothing, as the undistilled one.
MODELS = dict(
    undistilled=(
        'distilpose/demo/distilpose-tiny_no-distill_1xb32-30e_demo-96x64.py'
    ),
    teacher='tokenpose/demo/tokenpose-tiny_1xb32-30e_demo-96x64.py',
    distilled='distilpose/demo/distilpose-tiny_1xb32-30e_demo-96x64.py',
)


class Run(NamedTuple):
    """One model of the demo and where it lives.

    Attributes:
        name: A key of ``MODELS``.
        config: Its config file.
        work_dir: Where its training writes.
        epochs: How many epochs it trains.
    """

    name: str
    config: Path
    work_dir: Path
    epochs: int

    @property
    def checkpoint(self) -> Path:
        return self.work_dir / f'epoch_{self.epochs}.pth'

    @property
    def metrics(self) -> Path:
        return self.work_dir / 'metrics.json'

    @property
    def minutes(self) -> Path:
        """Written when training is complete; its duration, if known."""
        return self.work_dir / 'training_minutes.txt'


def run(folder: Path, seed: int = 0) -> None:
    """Make the data, train and evaluate the three models, write the report.

    Args:
        folder: Where everything is written.
        seed: Seed of data and trainings.

    Raises:
        ValueError: The folder holds a demo of another seed or version, or the
            seed is negative.
        RuntimeError: A command failed.
        OSError: The folder cannot be written.
    """
    if seed < 0:
        raise ValueError(f'The seed is {seed}, expected a number from 0 on.')
    folder = folder.absolute()
    _claim(folder, dict(version=__version__, seed=seed))
    say = tqdm.write
    say(f'== Data: pictures of drawn people in {folder / "data"}')
    data = make_dataset(folder / 'data', seed=seed)

    runs = {}
    for name, config in MODELS.items():
        config = (CONFIGS / config).resolve()
        epochs = Config.fromfile(config).train_cfg.max_epochs
        runs[name] = Run(name, config, folder / name, epochs)
    undistilled, teacher = runs['undistilled'], runs['teacher']
    own_options = dict(
        undistilled=[],
        teacher=[
            f'model.{part}.init_cfg.checkpoint={undistilled.checkpoint}'
            for part in ('backbone', 'neck')
        ],
        distilled=[f'model.teacher.checkpoint={teacher.checkpoint}'],
    )
    for one in runs.values():
        options = [*_data_options(data), f'randomness.seed={seed}']
        options += own_options[one.name]
        _train(one, options)
        _test(one, options)
    say('== Report')
    say(write_report(folder, runs, data))


def _claim(folder: Path, settings: dict) -> None:
    """Make the folder this demo's own, or see that it is."""
    file = folder / 'demo.json'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(json.dumps(settings) + '\n')
        found = json.loads(file.read_text())
    except OSError as error:
        raise OSError(
            f'The demo cannot write to {folder} ({error.strerror}). Name '
            'another folder: `make demo DEMO=folder`.'
        ) from error
    except json.JSONDecodeError:
        found = f'an unreadable {file.name}'
    if found != settings:
        raise ValueError(
            f'{folder} holds {found}, but this is a demo of {settings}. Name '
            'another folder (`make demo DEMO=folder`), or remove that one.'
        )


def _data_options(data: Path) -> List[str]:
    annotations = data / 'annotations/person_keypoints_val2017.json'
    return [
        f'{split}_dataloader.dataset.data_root={data}'
        for split in ('train', 'val', 'test')
    ] + [
        f'{split}_evaluator.ann_file={annotations}'
        for split in ('val', 'test')
    ]


def _train(one: Run, options: List[str]) -> None:
    if one.minutes.exists():
        return tqdm.write(f'== {one.name}: already trained')
    tqdm.write(f'== {one.name}: {one.epochs} epochs in {one.work_dir}')
    resume = (
        ['--resume'] if (one.work_dir / 'last_checkpoint').exists() else []
    )
    started = time.time()
    command = ['train', 'mmpose', str(one.config)]
    command += ['--work-dir', str(one.work_dir), *resume]
    _mim([*command, '--cfg-options', *options], one)
    # What a resumed training had taken before is not known.
    minutes = '-' if resume else f'{(time.time() - started) / 60:.2f}'
    one.minutes.write_text(f'{minutes}\n')


def _test(one: Run, options: List[str]) -> None:
    if one.metrics.exists():
        return
    command = ['test', 'mmpose', str(one.config)]
    command += ['--checkpoint', str(one.checkpoint)]
    command += ['--work-dir', str(one.work_dir / 'test')]
    # Complete or absent: the file is what says that testing is done.
    written = one.metrics.with_name('metrics-unfinished.json')
    command += ['--out', str(written)]
    _mim([*command, '--cfg-options', *options], one)
    written.replace(one.metrics)


def _mim(arguments: List[str], one: Run) -> None:
    """Run ``mim`` with a bar of its steps."""
    bar = None
    for line in run_mim(arguments, one.work_dir / 'output.log'):
        bar = _show_progress(line, bar, one)
    if bar is not None:
        bar.close()


AP = re.compile(r'Epoch\(val\).*coco/AP: (\S+)')


def _show_progress(line: str, bar: tqdm, one: Run) -> tqdm:
    now = read_step(line)
    if now is not None:
        if bar is None:
            bar = tqdm(
                total=one.epochs * now.steps,
                initial=now.steps_done,
                unit='step',
                desc=one.name,
                mininterval=1,
            )
        bar.update(now.steps_done - bar.n)
        bar.set_postfix_str(now.loss)
    match = AP.search(line)
    if match and bar is not None:
        tqdm.write(f'   validation AP {match.group(1)}')
    return bar
