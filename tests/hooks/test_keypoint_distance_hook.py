"""How well each keypoint follows the teacher, in the log."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from distilpose import KeypointDistanceHook

from .. import toys


@pytest.mark.parametrize(
    'loop, step', [(EpochBasedTrainLoop, 3), (IterBasedTrainLoop, 70)]
)
def test_distances_are_logged_by_keypoint(loop, step, log):
    model = toys.distilled()
    model.teacher.student_keypoints = ['a', 'b', 'c', 'd', 'e']
    scalars = {}
    runner = SimpleNamespace(
        model=model, logger=MMLogger.get_current_instance(), epoch=3, iter=70,
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
    hook.before_val_epoch(runner)
    assert scalars == {
        'teacher/distance_px/a': 2,
        'teacher/distance_px/b': 5,
        'teacher/distance_px/d': 10,
        'step': step,
    }
    assert 'agree on 60.0 % of the keypoints within 10 %' in log.text
    assert '4.80 pixels apart' in log.text
    hook.before_val_epoch(runner)  # begun anew
    model.keypoint_distances = None
    hook.after_train_iter(runner, 0)  # a step without a teacher
    assert hook._sums is None


@pytest.mark.parametrize('distance, agrees', [(3.2, 1), (3.3, 0)])
def test_agreement_is_within_a_twentieth_of_the_longer_side(distance, agrees):
    """Of 64 pixels."""
    model = toys.distilled()
    model.keypoint_distances = torch.tensor([[distance]])
    hook = KeypointDistanceHook()
    hook.after_train_iter(SimpleNamespace(model=model), 0)
    assert hook._sums[1].item() == agrees
