"""Training with channels last."""

from types import SimpleNamespace

import torch
from torch import nn

from distilpose.hooks import ChannelsLastHook

from ..training import runs


def test_trains_the_same_in_another_order(pictures, tmp_path):
    """Rounding apart. That a resumed training ends in the very same weights
    is in tests/training/test_hooks.py: the demo's config has this hook."""

    def train(name, **changes):
        cfg = runs.config(pictures, tmp_path / name, '_no-distill', **changes)
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        return runs.train(cfg)

    last = train('last')
    assert any(
        hook.type == 'ChannelsLastHook' for hook in last.cfg.custom_hooks
    )
    weight = last.model.backbone.layer1[0].conv2.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()

    first = train('first', custom_hooks=[dict(type='SeedEpochHook')])
    for name, value in runs.weights(first).items():
        torch.testing.assert_close(
            runs.weights(last)[name], value, rtol=0.05, atol=5e-3
        )


def test_pointwise_convolution_of_images_stays():
    """PyTorch 2.11 ends the process in its backward pass, channels last."""
    model = nn.Sequential(nn.Conv2d(3, 48, 1, 2), nn.Conv2d(48, 8, 3))
    ChannelsLastHook().before_train(SimpleNamespace(model=model))
    assert model[0].weight.stride() == (3, 1, 1, 1)
    assert model[1].weight.stride() == (432, 1, 144, 48)
    model(torch.randn(8, 3, 96, 64)).square().sum().backward()
    assert model[0].weight.grad.isfinite().all()
