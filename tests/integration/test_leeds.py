"""The configs of Leeds Sports Pose Extended on a few of its photos."""

import json
import zipfile

import pytest

from .. import shared
from .commands import CONFIGS, mim

pytestmark = pytest.mark.slow

NAME = '1xb64-100e_lsp-extended-256x192'
STEPS = [
    (f'distilpose-s_no-distill_{NAME}', []),
    (
        f'tokenpose-stem_{NAME}',
        [
            f'model.{part}.init_cfg.checkpoint='
            f'work_dirs/distilpose-s_no-distill_{NAME}/epoch_1.pth'
            for part in ('backbone', 'neck')
        ],
    ),
    (
        f'distilpose-s_{NAME}',
        [
            f'model.teacher.checkpoint=work_dirs/tokenpose-stem_{NAME}/epoch_1.pth'
        ],
    ),
]


def test_undistilled_teacher_distilled(tmp_path):
    """In this order, one epoch of a few steps each, with AP and PCK."""
    with zipfile.ZipFile(
        shared.file_or_skip('data/lsp_extended.zip')
    ) as archive:
        archive.extractall(tmp_path / 'data')
    for name, options in STEPS:
        mim(
            *('train', 'mmpose'),
            CONFIGS / f'distilpose/lsp_extended/{name}.py',
            *('--cfg-options', 'train_cfg.max_epochs=1', *options),
            'train_dataloader.batch_size=8',
            'train_dataloader.dataset.indices=24',
            'val_dataloader.dataset.indices=8',
            'default_hooks.logger.interval=1',
            cwd=tmp_path,
        )
        files = (tmp_path / 'work_dirs' / name).glob('*/vis_data/scalars.json')
        rows = [
            json.loads(x) for f in files for x in f.read_text().splitlines()
        ]
        assert {'crowdpose/AP', 'PCK'} <= rows[-1].keys()
        assert sum('loss' in row for row in rows) == 3
