"""Functions of MMEngine and MMPose that are wrapped, and unwrapped ones."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from mmengine.runner import activation_checkpointing
from mmpose.visualization.opencv_backend_visualizer import (
    OpencvBackendVisualizer,
)

from distilpose import compat
from distilpose.compat import wrappers


@pytest.mark.parametrize('refuses', [True, False])
def test_circles_of_one_radius_in_an_array(monkeypatch, refuses):
    seen = []
    monkeypatch.setattr(
        OpencvBackendVisualizer,
        'draw_circles',
        lambda self, center, radius, **kw: seen.append(np.ndim(radius)),
    )
    monkeypatch.setattr(
        wrappers, '_numpy_refuses_arrays_as_scalars', lambda: refuses
    )
    assert compat.give_opencv_scalars() == refuses
    visualizer = OpencvBackendVisualizer(backend='opencv')
    visualizer.draw_circles(np.zeros(2), radius=np.array([3]))
    assert seen == [0 if refuses else 1]


def test_checkpointed_modules_are_trained(monkeypatch):
    """Though their input needs no gradient; a tuple keeps its names."""
    layer = torch.nn.Linear(1, 1)
    pair = namedtuple('Pair', 'out')
    model = torch.nn.ModuleDict(dict(layer=layer))
    forward = layer.forward
    for ours in (False, True):
        layer.forward = lambda x: pair(forward(x))
        with monkeypatch.context() as patch:
            if not ours:
                plain = activation_checkpointing.checkpoint.func
                patch.setattr(activation_checkpointing, 'checkpoint', plain)
                assert compat.checkpoint_without_reentry()
                patch.setattr(activation_checkpointing, 'checkpoint', plain)
            activation_checkpointing.turn_on_activation_checkpointing(
                model, 'layer'
            )
            found = layer(torch.ones(1, 1))
        assert isinstance(found, pair) == ours
        assert found[0].requires_grad == ours
    assert not compat.checkpoint_without_reentry(), 'applied twice'
