"""With mmcv-lite, MMPose's models and configs of RTMPose work."""

import importlib
import inspect
import pickle
import sys
from types import ModuleType

import mmcv
import pytest
from mmengine.registry import Registry
from mmpose.datasets.transforms import YOLOXHSVRandomAug
from mmpose.models import CSPNeXt
from mmpose.registry import HOOKS, MODELS, TRANSFORMS
from mmpose.utils import register_all_modules

from distilpose import PipelineSwitchHook, compat
from distilpose.compat import mmcv_lite


@pytest.fixture
def stand_in(monkeypatch):
    """For MMCV without compiled operators, whichever is installed."""
    for name in list(sys.modules):
        if name == 'mmcv.ops' or name.startswith('mmcv.ops.'):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'mmcv._ext', None)
    monkeypatch.delattr(mmcv, 'ops', raising=False)
    real = mmcv_lite.importlib.import_module

    def import_module(name, *args):
        if name == 'mmcv.ops':
            raise ModuleNotFoundError(name='mmcv._ext')
        return real(name, *args)

    monkeypatch.setattr(mmcv_lite.importlib, 'import_module', import_module)
    monkeypatch.setattr(sys, 'modules', dict(sys.modules))
    assert compat.stub_mmcv_ops()
    yield sys.modules['mmcv.ops']
    assert not compat.stub_mmcv_ops(), 'applied twice'


def test_missing_operators_say_what_to_install(stand_in):
    assert mmcv.ops is stand_in
    with pytest.raises(ImportError, match='make mmcv'):
        stand_in.MultiScaleDeformableAttention(embed_dims=8)
    for names in ('nms', 'MultiScaleDeformableAttention, nms'):
        with pytest.raises(ImportError, match=r"'nms'.* install mmcv \(`make"):
            exec(f'from mmcv.ops import {names}')
    with pytest.raises(ImportError, match=r'mmcv\.ops\.nms'):
        importlib.import_module('mmcv.ops.nms')


def test_stand_in_bears_to_be_asked_for_anything(stand_in):
    """As inspect does, and pickle, which goes through all modules."""
    assert not hasattr(stand_in, 'nms')
    assert inspect.getmodule(compat.apply) is compat
    nowhere = type('Nowhere', (), dict(__reduce__=lambda self: 'nowhere'))()
    nowhere.__module__ = None
    with pytest.raises(pickle.PicklingError, match='nowhere'):
        pickle.dumps(nowhere)


def test_real_operators_are_left_alone(monkeypatch):
    real = ModuleType('mmcv.ops')
    monkeypatch.setitem(sys.modules, 'mmcv.ops', real)
    assert not compat.stub_mmcv_ops()
    assert sys.modules['mmcv.ops'] is real


def test_parts_of_mmdetection_that_mmpose_has(monkeypatch):
    """As RTMPose's configs name them, where MMDetection's are no use."""
    locate = Registry.import_from_location

    def import_from_location(self):
        if self.scope == 'mmdet':
            raise ImportError('no nms')
        locate(self)

    monkeypatch.setattr(Registry, 'import_from_location', import_from_location)
    register_all_modules()
    backbone = dict(type='CSPNeXt', norm_cfg=dict(type='SyncBN'))
    for own in (dict(_scope_='mmdet'), dict(type='mmdet.CSPNeXt')):
        assert type(MODELS.build({**backbone, **own})) is CSPNeXt
    augment = TRANSFORMS.build(dict(type='mmdet.YOLOXHSVRandomAug'))
    assert type(augment) is YOLOXHSVRandomAug
    assert HOOKS.get('mmdet.PipelineSwitchHook') is PipelineSwitchHook
    with pytest.raises(ImportError, match='no nms'):
        MODELS.get('mmdet.ResNet')
    assert not compat.own_parts_of_mmdet(), 'applied twice'
