"""What a run starts from is there before it, or the setting is named."""

import io

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from distilpose.weights.fetch import CheckpointError
from distilpose.zoo.build import build_without_weights

from ..training import runs


def config(pictures, tmp_path, address):
    cfg = runs.config(pictures, tmp_path / 'run', '_no-distill')
    cfg.train_cfg.update(max_epochs=1, val_interval=9)
    cfg.model.backbone.init_cfg = dict(
        type='Pretrained', prefix='backbone.', checkpoint=address
    )
    return cfg


def test_published_weights_are_fetched_and_loaded(server, pictures, tmp_path):
    cfg = config(pictures, tmp_path, f'{server.address}/start.pth')
    state = build_without_weights(Config(cfg.to_dict())).state_dict()
    state = {key: torch.full_like(value, 3) for key, value in state.items()}
    file = io.BytesIO()
    torch.save(dict(state_dict=state), file)
    server.files['/start.pth'] = file.getvalue()
    cfg.optim_wrapper.optimizer.lr = 0
    runner = runs.train(cfg)
    for name, value in runner.model.backbone.named_parameters():
        assert (value == 3).all(), name
    assert not any((p == 3).all() for p in runner.model.neck.parameters())
    assert server.asked == ['/start.pth']


def test_setting_is_named(server, pictures, tmp_path):
    """But not where the weights are not needed: a test loads its own."""
    cfg = config(pictures, tmp_path, f'{server.address}/gone.pth')
    with pytest.raises(
        CheckpointError,
        match='gone.pth cannot be downloaded .*model.backbone.init_cfg=None',
    ):
        runs.train(cfg)
    assert server.asked == ['/gone.pth']
    cfg.visualizer.name = cfg.experiment_name = f'{tmp_path}-test'
    assert 'coco/AP' in Runner.from_cfg(cfg).test()
    assert server.asked == ['/gone.pth']
