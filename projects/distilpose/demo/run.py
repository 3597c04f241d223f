"""The demo: teacher, distilled and undistilled student, by MIM's commands.

Every stage leaves a file when it is complete, so that an interrupted demo
goes on where it was, within a training from its last checkpoint.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import List, NamedTuple

from mmengine.config import Config
from tqdm import tqdm

from .. import __version__
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
        """Written when training is complete; holds its duration."""
        return self.work_dir / 'training_minutes.txt'


def run(folder: Path, seed: int = 0) -> None:
    """Make the data, train and evaluate the three models, write the report.

    Args:
        folder: Where everything is written.
        seed: Seed of data and trainings.

    Raises:
        ValueError: The folder holds a demo of another seed or version.
        RuntimeError: A command failed.
        OSError: The folder cannot be written.
    """
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
    command = ['train', 'mmpose', str(one.config), '--gpus', _gpus()]
    command += ['--work-dir', str(one.work_dir), *resume]
    _mim([*command, '--cfg-options', *options], one)
    one.minutes.write_text(f'{(time.time() - started) / 60:.2f}\n')


def _test(one: Run, options: List[str]) -> None:
    if one.metrics.exists():
        return
    command = ['test', 'mmpose', str(one.config), '--gpus', _gpus()]
    command += ['--checkpoint', str(one.checkpoint)]
    command += ['--work-dir', str(one.work_dir / 'test')]
    # Complete or absent: the file is what says that testing is done.
    written = one.metrics.with_name('metrics-unfinished.json')
    command += ['--out', str(written)]
    _mim([*command, '--cfg-options', *options], one)
    written.replace(one.metrics)


def _gpus() -> str:
    import torch

    return '1' if torch.cuda.is_available() else '0'


def _mim(arguments: List[str], one: Run) -> None:
    """Run ``mim``, show a bar of epochs, keep its output in a log file.

    Raises:
        RuntimeError: It failed; the message ends with its last lines.
    """
    one.work_dir.mkdir(parents=True, exist_ok=True)
    log = one.work_dir / 'output.log'
    mim = Path(sys.executable).with_name('mim')
    tail = deque(maxlen=25)
    bar = None
    with open(log, 'a') as file, subprocess.Popen(
        [str(mim), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        env={**os.environ, 'PYTHONWARNINGS': 'ignore'},
    ) as process:
        for line in process.stdout:
            file.write(line)
            tail.append(line)
            bar = _show_progress(line, bar, one)
    if bar is not None:
        bar.close()
    if process.returncode:
        raise RuntimeError(
            f'`mim {" ".join(arguments[:3])} ...` failed; its output is in '
            f'{log} and ends with:\n' + ''.join(tail)
        )


PROGRESS = re.compile(
    r'Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/(\d+)\].* (loss: \S+)'
)
AP = re.compile(r'Epoch\(val\).*coco/AP: (\S+)')


def _show_progress(line: str, bar: tqdm, one: Run) -> tqdm:
    match = PROGRESS.search(line)
    if match:
        epoch, step, steps = (int(group) for group in match.groups()[:3])
        done = (epoch - 1) * steps + step
        if bar is None:
            total = one.epochs * steps
            bar = tqdm(
                total=total,
                initial=done,
                unit='step',
                desc=one.name,
                mininterval=1,
            )
        bar.update(done - bar.n)
        bar.set_postfix_str(match.group(4))
    match = AP.search(line)
    if match and bar is not None:
        tqdm.write(f'   validation AP {match.group(1)}')
    return bar
