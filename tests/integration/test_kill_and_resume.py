"""Twenty kills later, the same weights."""

import random
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmengine.config import Config

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

from ..test_configs import flatten
from .commands import distilpose

pytestmark = pytest.mark.slow

NAME = 'distilpose-tiny_1xb32-15e_demo-96x64'
EPOCHS = 24
KILLS = 20


def arguments(pictures, folder, work_dir):
    annotations = pictures / 'annotations/person_keypoints_val2017.json'
    return [
        *('train', NAME, '--work-dir', str(folder / work_dir), '--resume'),
        *('--cfg-options', f'train_cfg.max_epochs={EPOCHS}'),
        f'train_cfg.val_interval={EPOCHS}',
        'train_dataloader.batch_size=8',
        'randomness.seed=3',
        'default_hooks.checkpoint.save_best=None',
        'default_hooks.checkpoint.interval=1',
        f'train_dataloader.dataset.data_root={pictures}',
        f'val_dataloader.dataset.data_root={pictures}',
        f'val_evaluator.ann_file={annotations}',
        f'model.teacher.checkpoint={folder}/teacher.pth',
    ]


def number(path):
    return int(path.stem.split('_')[1])


def latest(folder):
    """The number of the last complete checkpoint."""
    return max(map(number, folder.glob('epoch_*.pth')), default=0)


class Training:
    """A training in a process of its own."""

    def __init__(self, arguments, folder):
        self.folder = folder
        self.start = latest(folder)
        self.log = open(folder / 'killed.log', 'a')  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'distilpose', *arguments],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def wait(self, reached):
        """Wait for something; whether the training still runs then."""
        while not reached():
            if self.process.poll() is not None:
                return False
            time.sleep(0.0005)
        return True

    def kill(self):
        """Kill it; give its exit status."""
        self.process.send_signal(signal.SIGKILL)
        self.log.close()
        return self.process.wait()


def test_the_same_weights_after_20_kills(pictures, tmp_path):
    teacher = find_config('tokenpose-tiny_1xb32-15e_demo-96x64')
    torch.manual_seed(0)
    state = build_without_weights(Config.fromfile(teacher)).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'teacher.pth')
    distilpose(*arguments(pictures, tmp_path, 'whole'), cwd=tmp_path)

    folder = tmp_path / 'killed'
    folder.mkdir()
    rng = random.Random(0)
    where = {'starting': 0, 'in a step': 0, 'writing': 0}
    while sum(where.values()) < KILLS:
        training = Training(arguments(pictures, tmp_path, 'killed'), folder)
        kind = rng.choice([*where])
        if kind == 'starting':
            end = time.time() + rng.uniform(0.1, 6)
            running = training.wait(lambda: time.time() > end)  # noqa: B023
        elif kind == 'in a step':
            wanted = training.start + 1
            running = training.wait(lambda: latest(folder) >= wanted)  # noqa: B023
            time.sleep(rng.uniform(0, 0.3))
        else:
            running = training.wait(lambda: any(folder.glob('*.partial')))
        status = training.kill()
        assert running and status == -signal.SIGKILL, 'it ended by itself'
        where[kind] += 1
        print(f'kill {sum(where.values())}: {kind}, epoch {latest(folder)}')  # noqa: T201
    assert all(where.values()) and latest(folder) < EPOCHS
    distilpose(*arguments(pictures, tmp_path, 'killed'), cwd=tmp_path)

    whole, killed = (
        torch.load(tmp_path / name / f'epoch_{EPOCHS}.pth')
        for name in ('whole', 'killed')
    )
    for part in ('state_dict', 'optimizer'):
        one, other = (
            flatten(run[part], is_deep=True) for run in (whole, killed)
        )
        assert one.keys() == other.keys()
        for key, value in one.items():
            same = (
                torch.equal(value, other[key])
                if isinstance(value, torch.Tensor)
                else value == other[key]
            )
            assert same, f'{part}: {key}'
