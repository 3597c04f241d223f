"""``store-teacher`` in several processes: the same files as of one."""

import os
import random
import subprocess
import sys
import time

import pytest

from .commands import distilpose, run
from .test_without_labels import write_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """A folder with a config, and what one process stores of it."""
    work = tmp_path_factory.mktemp('ranks')
    write_config(work, epochs=1)
    distilpose(*store('one'), cwd=work)
    return work


def store(folder):
    return ['store-teacher', 'config.py', folder, '--batch-size', '4']


def expect_the_same(work, folder):
    for name in ('keys.npy', 'meta.json', 'rows.npy'):
        one, other = (work / x / name for x in ('one', folder))
        assert one.read_bytes() == other.read_bytes(), name
    assert not [*(work / folder).glob('.parts/*.rows')]


def test_torchrun(work):
    torchrun = ['-m', 'torch.distributed.run', '--nproc-per-node', '2', '-m']
    told = run([sys.executable, *torchrun, 'distilpose', *store('two')], work)
    assert told.count('142 people are stored in two') == 1
    assert told.count('This part of two is done') == 1
    expect_the_same(work, 'two')


def test_killed_rank_and_other_ranks(work):
    rows = work / 'killed/.parts/2-of-2.rows'
    first, second = processes(work, 2)
    while not rows.exists() and second.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(0).uniform(0, 0.5))
    second.kill()
    assert (first.wait(), second.wait()) == (0, -9)
    assert not (work / 'killed/rows.npy').exists()
    told = distilpose('store-teacher', 'config.py', 'killed', '--cfg-options',
                      'train_dataloader.dataset.indices=9', cwd=work,
                      fails=True)  # fmt: skip
    assert 'begun for 142 people, and the config has 9' in told
    assert [x.wait() for x in processes(work, 3)] == [0, 0, 0]
    expect_the_same(work, 'killed')


def processes(work, count):
    return [
        subprocess.Popen(
            [sys.executable, '-m', 'distilpose', *store('killed')],
            cwd=work,
            env={**os.environ, 'RANK': f'{rank}', 'WORLD_SIZE': f'{count}'},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(count)
    ]
