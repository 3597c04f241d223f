"""The students of other keypoints train and are evaluated on drawn people, in
the format and with the dataset class of each dataset."""

import os

import pytest
from mmengine.config import Config

from distilpose.zoo.find import find_config

from ..training import runs
from . import families

NAMES = dict(
    crowdpose='distilpose-s_8xb32-210e_crowdpose-256x192',
    mpii='distilpose-s_8xb32-210e_mpii-256x256',
    ap10k='distilpose-s_8xb32-210e_ap10k-256x256',
    coco_wholebody='distilpose-s_8xb32-210e_coco-wholebody-256x192',
    halpe26='distilpose-s_8xb32-210e_halpe26-256x192',
)
METRICS = dict(
    crowdpose='crowdpose/AP',
    mpii='PCK',
    ap10k='coco/AP',
    coco_wholebody='coco-wholebody/AP',
    halpe26='coco/AP',
)


def short(family):
    """One epoch without files to download, with one layer of the encoder."""
    cfg = Config.fromfile(find_config(NAMES[family]))
    cfg.model.neck.num_layers = 1
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    for kind in ('train', 'val'):
        loader = cfg[f'{kind}_dataloader']
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
        loader.dataset.bbox_file = None
    if 'teacher' in cfg.model:
        teacher = Config.fromfile(
            find_config(cfg.model.teacher, with_mmpose=True)
        )
        teacher.model.backbone.pop('init_cfg')
        cfg.model.teacher = dict(config=teacher, allow_random_weights=True)
    return cfg


@pytest.fixture(params=NAMES)
def family(request, tmp_path):
    """A family whose data lie under ``data/`` in the working directory."""
    getattr(families, request.param)(tmp_path / 'data')
    before = os.getcwd()
    os.chdir(tmp_path)
    yield request.param
    os.chdir(before)


@pytest.mark.slow
def test_trains_and_validates(family, tmp_path):
    cfg = short(family)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.visualizer.name = cfg.experiment_name = family
    runner = runs.train(cfg)
    assert runner.iter >= 2
    assert METRICS[family] == cfg.default_hooks.checkpoint.save_best
    best = [*(tmp_path / 'run').glob('best_*.pth')]
    assert len(best) == 1
