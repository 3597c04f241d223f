"""MMEngine's options for training, each by its own line in a config."""

import math

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.optim import OptimWrapper
from mmengine.runner import autocast

from distilpose import DistilPoseEstimator, DistilPoseHead
from distilpose.heatmaps import forms as heatmaps_module

from .. import limits, toys
from . import runs


def grown(model):
    """Weights large enough that no loss is a small difference."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.xavier_uniform_(parameter.flatten(1))
    return model


@limits.exact_bfloat16
def test_bf16_losses_are_those_of_float32(monkeypatch):
    """Within 1e-2; simulated heatmaps are computed in float32."""
    model = grown(toys.distilled()).eval()
    grown(model.teacher.source.model)
    inputs, data = toys.batch(model, size=8)
    expected = model.loss(inputs, data)
    seen = []
    compute = heatmaps_module.simulated_heatmap_error
    monkeypatch.setattr(
        heatmaps_module,
        'simulated_heatmap_error',
        lambda *tensors_and_frame: (
            seen.extend(tensors_and_frame[:-1]) or compute(*tensors_and_frame)
        ),
    )
    # What AmpOptimWrapper does, which MMEngine allows on accelerators alone.
    with autocast(device_type='cpu', dtype=torch.bfloat16):
        losses = model.loss(inputs, data)
        heatmaps = model.teacher(inputs).heatmaps
    assert torch.equal(heatmaps, heatmaps.bfloat16().float())
    assert {tensor.dtype for tensor in seen} == {torch.float32}
    for name in losses:
        if name.startswith('loss'):
            assert losses[name].item() == pytest.approx(
                expected[name].item(), rel=1e-2
            )
    total, _ = model.parse_losses(losses)
    total.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_teacher_trains_in_bf16():
    """MMPose's accuracy of heatmaps goes through NumPy, without bfloat16."""
    model = grown(toys.build(toys.teacher())).train()
    inputs, data = toys.batch(model)
    with autocast(device_type='cpu', dtype=torch.bfloat16):
        losses = model.loss(inputs, data)
    assert torch.isfinite(losses['loss_kpt']) and 'acc_pose' in losses


ITERATIONS = dict(_delete_=True, by_epoch=False, max_iters=4, val_interval=9)
PARTS = ['backbone', 'neck', 'neck.layers.0', 'neck.layers.1', 'head']
# Each but the last changes what is computed by rounding alone.
SWITCHES = dict(
    checkpointed=dict(activation_checkpointing=PARTS),
    conv_bn=dict(efficient_conv_bn_eval=['backbone']),
    deterministic={'randomness.deterministic': True},
    classes={
        'model.type': DistilPoseEstimator,
        'model.head.type': DistilPoseHead,
        'optim_wrapper.type': OptimWrapper,
        'train_dataloader.sampler.type': DefaultSampler,
    },
    by_iterations=dict(train_cfg=ITERATIONS),
)


def one_epoch(pictures, folder, changes):
    """Weights and losses after 3 steps without random augmentations."""
    cfg = runs.config(pictures, folder, **{'train_cfg.max_epochs': 1})
    cfg.train_dataloader.num_workers = 0
    cfg.train_dataloader.persistent_workers = False
    cfg.train_dataloader.sampler.shuffle = False
    cfg.custom_hooks = []
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    random = ('RandomFlip', 'RandomHalfBody', 'RandomBBoxTransform')
    dataset = cfg.train_dataloader.dataset
    dataset.pipeline = [t for t in dataset.pipeline if t.type not in random]
    cfg.merge_from_dict(changes)
    runner = runs.train(cfg)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    return runs.weights(runner), losses


@pytest.fixture(scope='module')
def plain(pictures, tmp_path_factory):
    return one_epoch(pictures, tmp_path_factory.mktemp('plain'), {})


@pytest.mark.parametrize('name', SWITCHES)
def test_each_switch_trains(name, plain, pictures, tmp_path):
    weights, losses = plain
    own, own_losses = one_epoch(pictures, tmp_path, SWITCHES[name])
    assert len(own_losses) == len(losses)
    assert all(map(math.isfinite, own_losses))
    if name == 'by_iterations':
        assert not runs.equal(own, weights)
        return
    for key, value in own.items():
        # A checkpointed BatchNorm sees each batch twice.
        counts = ('running', 'num_batches')
        if name != 'checkpointed' or not any(x in key for x in counts):
            torch.testing.assert_close(value, weights[key])


def test_compiled_losses_are_the_same():
    """And so are the gradients; the head's output is kept as ever."""
    model = toys.distilled().train()
    inputs, data = toys.batch(model)
    found = []
    for loss in (model.loss, torch.compile(model.loss, backend='eager')):
        total, _ = model.parse_losses(loss(inputs, data))
        found.append((total, *torch.autograd.grad(total, model.parameters())))
    torch.testing.assert_close(*found)


def test_ema_and_accumulation_in_one_run(pictures, tmp_path):
    """The checkpoint's weights are the averaged student's, and its alone."""
    cfg = runs.config(
        pictures, tmp_path, **{'optim_wrapper.accumulative_counts': 2}
    )
    cfg.custom_hooks.append(dict(type='EMAHook', momentum=0.1))
    runner = runs.train(cfg)
    checkpoint = torch.load(tmp_path / 'epoch_2.pth')
    state = checkpoint['state_dict']
    assert {k.split('.')[0] for k in state} == {'backbone', 'neck', 'head'}
    assert all(torch.isfinite(v).all() for v in state.values())
    key = 'head.mlp.1.weight'
    assert not torch.equal(state[key], runner.model.state_dict()[key])
    averaged = {k for k in checkpoint['ema_state_dict'] if 'teacher' in k}
    assert not averaged
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) and all(map(math.isfinite, losses))
