"""Hooks that weigh a distillation, and tell how it goes."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from distilpose import DistillationWeightHook, KeypointDistanceHook

from .. import toys


@pytest.mark.parametrize('settings, expected', [
    (dict(), [1, 1, 1, 1, 1]),
    (dict(warmup=0.5), [0, 0.5, 1, 1, 1]),
    (dict(decay_begin=0.0), [1, 0.75, 0.5, 0.25, 0]),
    (dict(decay_begin=0.5), [1, 1, 1, 0.5, 0]),
    (dict(warmup=0.25, decay_begin=0.5), [0, 1, 1, 0.5, 0]),
])  # fmt: skip
def test_factors(settings, expected):
    hook = DistillationWeightHook(**settings)
    assert [hook.factor(x / 4) for x in range(5)] == pytest.approx(expected)


@pytest.mark.parametrize(
    'settings', [dict(warmup=-1), dict(warmup=5), dict(decay_begin=1)]
)
def test_shares_are_from_0_to_1(settings):
    with pytest.raises(ValueError, match='Expected shares of the training'):
        DistillationWeightHook(**settings)


def distilled():
    return toys.build(toys.student(teacher=toys.random_teacher()))


def test_the_log_shows_effective_weights():
    model = distilled()
    batch = toys.batch(model)
    full = model.loss(*batch)
    runner = SimpleNamespace(
        model=model, iter=3, train_loop=SimpleNamespace(max_iters=4)
    )
    hook = DistillationWeightHook(decay_begin=0.0)
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    faded = model.loss(*batch)
    for term in toys.TERMS:
        for name in (f'loss_{term}', f'{term}/weight'):
            assert faded[name].item() == pytest.approx(full[name].item() / 4)
        assert faded[f'{term}/unweighted'].item() == pytest.approx(
            full[f'{term}/unweighted'].item()
        )
    assert faded['loss_kpt'] == full['loss_kpt']


def test_a_factor_is_never_negative():
    """Resumed with a larger batch, a run has fewer steps than it made."""
    runner = SimpleNamespace(
        model=distilled(), iter=11, train_loop=SimpleNamespace(max_iters=8)
    )
    DistillationWeightHook(decay_begin=0.5).before_train_iter(runner, 0)
    assert runner.model.distillation_factor == 0


def test_a_factor_of_0_saves_the_teacher(monkeypatch):
    model = distilled()
    model.distillation_factor = 0.0
    losses = model.loss(*toys.batch(model))
    assert {*losses} == {'loss_kpt', 'acc_pose'}
    assert model.teacher.source._model is None


def test_nothing_to_weigh():
    runner = SimpleNamespace(model=toys.build(toys.student()))
    with pytest.raises(TypeError, match='is a TopdownPoseEstimator. Remove'):
        DistillationWeightHook().before_train(runner)


@pytest.mark.parametrize(
    'loop, step', [(EpochBasedTrainLoop, 3), (IterBasedTrainLoop, 70)]
)
def test_distances_are_logged_by_keypoint(loop, step, caplog):
    model = distilled()
    model.teacher.student_keypoints = ['a', 'b', 'c', 'd', 'e']
    scalars = {}
    logger = MMLogger.get_current_instance()
    runner = SimpleNamespace(
        model=model, logger=logger, epoch=3, iter=70,
        train_loop=loop.__new__(loop),
        visualizer=SimpleNamespace(
            add_scalars=lambda values, step: scalars.update(values, step=step)
        ),
    )  # fmt: skip
    hook = KeypointDistanceHook(threshold=0.1)  # 6.4 of 64 pixels
    hook.before_val_epoch(runner)  # before any training
    assert not scalars
    nan = float('nan')
    for distances in ([1, 2, nan, 10, nan], [3, 8, nan, nan, nan]):
        model.keypoint_distances = torch.tensor([distances])
        hook.after_train_iter(runner, 0)
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    hook.before_val_epoch(runner)
    logger.removeHandler(caplog.handler)
    assert scalars == {
        'teacher/distance_px/a': 2,
        'teacher/distance_px/b': 5,
        'teacher/distance_px/d': 10,
        'step': step,
    }
    assert 'agree on 60.0 % of the keypoints within 10 %' in caplog.text
    assert '4.80 pixels apart' in caplog.text
    hook.before_val_epoch(runner)  # begun anew
    model.keypoint_distances = None
    hook.after_train_iter(runner, 0)  # a step without a teacher
    assert hook._sums is None
