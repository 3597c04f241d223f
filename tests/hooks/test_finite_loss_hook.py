from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn

from distilpose import FiniteLossHook
from distilpose.hooks import finite_loss_hook

from ..training import runs

NAN, INF = float('nan'), float('inf')


@pytest.fixture
def runner(tmp_path):
    """What the hook reads of a runner, in its third iteration."""
    said = []
    return SimpleNamespace(
        model=nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
        **dict(iter=2, epoch=0, optim_wrapper=None, work_dir=str(tmp_path)),
        logger=SimpleNamespace(warning=said.append),
        said=said,
    )


def step(runner, scaler=None, **losses):
    runner.optim_wrapper = SimpleNamespace(loss_scaler=scaler)
    outputs = {key: torch.tensor(value) for key, value in losses.items()}
    FiniteLossHook().after_train_iter(runner, 0, outputs=outputs)


def scaler(scale):
    return SimpleNamespace(get_scale=lambda: scale)


@pytest.mark.parametrize('loss', [NAN, INF])
@pytest.mark.parametrize('what', ['weight', 'running_mean'])
def test_broken_weights_end_the_training(runner, loss, what):
    """Statistics of a normalization layer count: no step restores them."""
    layer = runner.model[0 if what == 'weight' else 1]
    getattr(layer, what).data[0] = NAN
    with pytest.raises(
        RuntimeError,
        match=r'iteration 3 \(epoch 1\), loss, loss_b are NaN .*so are weights'
        '.*begin anew: no checkpoint was written',
    ):
        step(runner, loss=loss, loss_a=1.0, loss_b=loss)


def test_last_checkpoint_is_named(runner, tmp_path):
    (tmp_path / 'last_checkpoint').write_text('work/epoch_1.pth')
    runner.model[0].bias.data[1] = INF
    with pytest.raises(RuntimeError, match='--resume from work/epoch_1.pth'):
        step(runner, loss=NAN)


def test_skipped_steps_are_a_warning(runner):
    """Accumulated gradients, or a loss scaler, with which runs begin."""
    for scale in (65536.0, finite_loss_hook.SMALLEST_SCALE):
        step(runner, scaler(scale), loss=INF)
    step(runner, loss=INF)
    assert len(runner.said) == 3 and 'still finite' in runner.said[0]


def test_a_scaler_at_its_end_ends_the_training(runner):
    """It halves itself at each such step: 36 times since the beginning."""
    with pytest.raises(RuntimeError, match='infinite at any scale'):
        step(runner, scaler(2**16 / 2**36), loss=INF)


def test_finite_losses_and_other_outputs_pass(runner):
    # Weights are not looked at as long as the loss is fine.
    runner.model[0].weight.data[0] = NAN
    step(runner, loss=1.0)
    step(runner, discriminator=1.0)
    FiniteLossHook().after_train_iter(runner, 0)
    assert not runner.said


def test_broken_weights_are_not_saved(runner):
    hook = FiniteLossHook()
    checkpoint = dict(state_dict=runner.model.state_dict())
    hook.before_save_checkpoint(runner, checkpoint)
    runner.model[1].running_var[0] = INF
    with pytest.raises(RuntimeError, match='were not saved'):
        hook.before_save_checkpoint(runner, checkpoint)


@HOOKS.register_module(force=True)
class BreakLabelsHook(Hook):
    """Makes labels NaN from the second epoch on."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch == 1 and batch_idx == 1:
            for sample in data_batch['data_samples']:
                sample.gt_instance_labels.keypoint_labels[:] = NAN
                sample.gt_instance_labels.keypoint_weights[:] = 1


def test_training_ends_and_keeps_its_checkpoint(pictures, tmp_path):
    """The hook is in the schedule; it acts before anything is averaged."""
    cfg = runs.config(pictures, tmp_path, '_no-distill')
    cfg.custom_hooks += [dict(type='EMAHook'), dict(type='BreakLabelsHook')]
    with pytest.raises(RuntimeError, match='iteration 6 .*epoch_1.pth'):
        runs.train(cfg)
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_1.pth']
    saved = torch.load(tmp_path / 'epoch_1.pth', weights_only=False)
    for weights in (saved['state_dict'], saved['ema_state_dict']):
        assert all(tensor.isfinite().all() for tensor in weights.values())
