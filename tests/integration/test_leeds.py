"""The configs of Leeds Sports Pose Extended on a few of its photos."""

import json

import pytest

from .. import shared
from .commands import CONFIGS, mim

pytestmark = pytest.mark.slow

NAME = '1xb64-12e_lsp-extended-128x96'
TEACHER = f'work_dirs/td-hm_lite0_{NAME}/epoch_1.pth'
STEPS = {
    f'td-hm_lite0_{NAME}': ['model.backbone.init_cfg=None'],
    f'distilpose-lite0_td-hm_{NAME}': [
        f'model.teacher.checkpoint={TEACHER}',
        f'model.backbone.init_cfg.checkpoint={TEACHER}',
    ],
}


def test_teacher_and_student(tmp_path):
    """In this order, one epoch of a few steps each, with AP and PCK."""
    shared.unpack('lsp_extended', tmp_path / 'data')
    for name, options in STEPS.items():
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
        lines = [x for file in files for x in file.read_text().splitlines()]
        rows = [*map(json.loads, lines)]
        assert {'crowdpose/AP', 'tenth/PCK', 'fifth/PCK'} <= rows[-1].keys()
        assert sum('loss' in row for row in rows) == 3
