"""The COCO configs, at full size, on real photos in COCO's layout.

As a user with COCO under ``data/coco`` would: stock commands, and options for
epochs, batch size and paths alone. A few iterations, so that AP stays near 0.
"""

import json
import re

import pytest

from .. import shared
from .commands import CONFIGS, mim

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group('real photos')]

TEACHER = 'tokenpose-stem_8xb64-300e_coco-256x192'
STUDENT = 'distilpose-s_8xb32-300e_coco-256x192'
PLAIN = 'distilpose-s_no-distill_8xb32-300e_coco-256x192'
SHORT = [
    'train_dataloader.batch_size=8',
    'train_dataloader.dataset.indices=24',
    'val_dataloader.dataset.bbox_file=None',
    'test_dataloader.dataset.bbox_file=None',
]


def config(name):
    return CONFIGS / name.split('-')[0] / 'coco' / f'{name}.py'


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A folder with ``data/coco``, where a teacher has been trained."""
    folder = tmp_path_factory.mktemp('real')
    shared.unpack('coco_mini', folder / 'data')
    (folder / 'data/coco_mini').rename(folder / 'data/coco')
    mim(
        *('train', 'mmpose', config(TEACHER), '--cfg-options'),
        *(*SHORT, 'train_cfg.max_epochs=1', 'train_cfg.val_interval=9'),
        cwd=folder,
    )
    return folder


@pytest.fixture(scope='module')
def distilled(folder):
    """One epoch of distillation, then a second after ``--resume``."""
    options = [
        *SHORT,
        'train_cfg.val_interval=2',
        'default_hooks.checkpoint.interval=1',
        f'model.teacher.config={config(TEACHER)}',
        f'model.teacher.checkpoint=work_dirs/{TEACHER}/epoch_1.pth',
    ]
    outputs = [
        mim(
            *('train', 'mmpose', config(STUDENT), *resume, '--cfg-options'),
            *(*options, f'train_cfg.max_epochs={epochs}'),
            cwd=folder,
        )
        for resume, epochs in (([], 1), (['--resume'], 2))
    ]
    return folder / 'work_dirs' / STUDENT / 'epoch_2.pth', outputs


def test_resumes(distilled):
    _, (first, second) = distilled
    assert 'Epoch(train) [1]' in first.replace('  ', ' ')
    assert re.search(r'resumed epoch: 1, iter: 3', second)
    assert 'Epoch(val) [2]' in second
    assert 'Weights only load failed' not in second


@pytest.mark.parametrize('name', [STUDENT, PLAIN])
def test_tests_without_the_teachers_files(distilled, folder, name):
    """By the config of the distilled student, and of the plain one."""
    checkpoint, _ = distilled
    (folder / 'work_dirs' / TEACHER).rename(folder / 'elsewhere')
    try:
        output = mim(
            *('test', 'mmpose', config(name), '--checkpoint', checkpoint),
            *('--out', folder / f'{name}.json'),
            *('--cfg-options', *SHORT[-2:]),
            cwd=folder,
        )
    finally:
        (folder / 'elsewhere').rename(folder / 'work_dirs' / TEACHER)
    metrics = json.loads((folder / f'{name}.json').read_text())
    assert 0 <= metrics['coco/AP'] <= 1
    assert 'unexpected key' not in output and 'missing keys' not in output
