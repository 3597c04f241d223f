"""The students of other keypoints train and are evaluated on drawn people, in
the format and with the dataset class of each dataset."""

import pytest
from mmengine.config import Config

from distilpose.zoo.find import find_config, read_config

from ..training import runs
from . import families

# Data and size of a config, and the metric of its best checkpoint.
FAMILIES = dict(
    crowdpose=('crowdpose-256x192', 'crowdpose/AP'),
    mpii=('mpii-256x256', 'PCK'),
    ap10k=('ap10k-256x256', 'coco/AP'),
    coco_wholebody=('coco-wholebody-256x192', 'coco-wholebody/AP'),
    halpe26=('halpe26-256x192', 'coco/AP'),
)


def short(name):
    """One epoch without files to download, with one layer of the encoder."""
    cfg = Config.fromfile(find_config(f'distilpose-s_8xb32-210e_{name}'))
    cfg.model.neck.num_layers = 1
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    for kind in ('train', 'val'):
        loader = cfg[f'{kind}_dataloader']
        loader.update(batch_size=4, num_workers=0, persistent_workers=False)
        loader.dataset.bbox_file = None
    if 'teacher' in cfg.model:
        teacher = read_config(cfg.model.teacher, with_mmpose=True)
        teacher.model.backbone.pop('init_cfg')
        cfg.model.teacher = dict(config=teacher, allow_random_weights=True)
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_trains_and_validates(family, tmp_path, monkeypatch):
    getattr(families, family)(tmp_path / 'data')
    monkeypatch.chdir(tmp_path)
    name, metric = FAMILIES[family]
    cfg = short(name)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.visualizer.name = cfg.experiment_name = family
    runner = runs.train(cfg)
    assert runner.iter >= 2
    assert metric == cfg.default_hooks.checkpoint.save_best
    assert len([*tmp_path.glob('run/best_*.pth')]) == 1
