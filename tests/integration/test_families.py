"""The students of other keypoints train and are evaluated on drawn people, in
the format and with the dataset class of each dataset."""

import os

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS

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
# Of 17 drawn keypoints, those that the dataset names, too.
DRAWN = dict(crowdpose=12, mpii=12, ap10k=11, coco_wholebody=17, halpe26=17)
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


def test_drawn_keypoints_are_read(family):
    """Where they were drawn, through MMPose's own dataset class."""
    init_default_scope('mmpose')
    config = short(family).train_dataloader.dataset
    number = Config.fromfile(find_config(NAMES[family])).num_keypoints
    converter = [t for t in config.pipeline if t.type == 'KeypointConverter']
    dataset = DATASETS.build({**config, 'pipeline': converter})
    assert len(dataset) >= families.NUMBER
    sample = dataset[0]
    weights = np.asarray(sample['keypoints_visible']).reshape(number, -1)
    seen = weights[:, 0] > 0
    image = config.data_root + config.data_prefix.img
    people = families.draw(
        families.Path(image), family if family != 'halpe26' else 'halpe'
    )
    wanted = people[0].keypoints[:number]
    assert np.array_equal(seen, wanted[:, 2] > 0)
    assert 0 < seen.sum() <= DRAWN[family]
    # MMPose takes MPII's places, which count from 1, as they are.
    shift = 1 if family == 'mpii' else 0
    found = np.asarray(sample['keypoints'])[0][seen] - shift
    assert np.allclose(found, wanted[seen, :2], atol=1e-3)
    assert (
        max((p.keypoints[:number, 2] > 0).sum() for p in people)
        == (DRAWN[family])
    )


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
