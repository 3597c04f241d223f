"""Each entry of the compatibility module: with its fault, and without."""

import importlib
import inspect
import io
import pickle
import sys
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import mmcv
import mmpose
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.optim import OneCycleLR, OneCycleParamScheduler
from mmengine.registry import Registry
from mmengine.runner import activation_checkpointing
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import YOLOXHSVRandomAug
from mmpose.models import CSPNeXt
from mmpose.registry import DATASETS, HOOKS, MODELS, TRANSFORMS
from mmpose.utils import register_all_modules
from mmpose.visualization.opencv_backend_visualizer import (
    OpencvBackendVisualizer,
)

from distilpose import PipelineSwitchHook, compat

DESCRIPTIONS = Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets'


@pytest.fixture
def no_operators(monkeypatch):
    """MMCV without compiled operators, whichever is installed."""
    for name in list(sys.modules):
        if name == 'mmcv.ops' or name.startswith('mmcv.ops.'):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'mmcv._ext', None)
    monkeypatch.delattr(mmcv, 'ops', raising=False)
    real = compat.importlib.import_module

    def import_module(name, *args):
        if name == 'mmcv.ops':
            raise ModuleNotFoundError(name='mmcv._ext')
        return real(name, *args)

    monkeypatch.setattr(compat.importlib, 'import_module', import_module)


@pytest.fixture
def stand_in(no_operators, monkeypatch):
    monkeypatch.setattr(sys, 'modules', dict(sys.modules))
    assert compat.stub_mmcv_ops()
    yield sys.modules['mmcv.ops']
    assert not compat.stub_mmcv_ops(), 'applied twice'


def test_stand_in_for_missing_operators(stand_in):
    with pytest.raises(ImportError, match='make mmcv'):
        stand_in.MultiScaleDeformableAttention(embed_dims=8)
    assert mmcv.ops is stand_in


def test_missing_operators_say_what_to_install(stand_in):
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


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


class GetAttribute:
    """Unpickled, gives an attribute of something."""

    def __init__(self, owner, name):
        self.arguments = owner, name

    def __reduce__(self):
        return getattr, self.arguments


@pytest.mark.skipif(
    compat.digit_version(torch.__version__) < compat.digit_version('2.6.0'),
    reason='safe loading is the default from torch 2.6 on',
)
class TestSafeLoading:
    def test_was_refused(self):
        file = saved(dict(loss=HistoryBuffer()))
        torch.serialization.clear_safe_globals()
        try:
            with pytest.raises(Exception, match='HistoryBuffer'):
                torch.load(file)
        finally:
            assert compat.allow_mmengine_checkpoints()

    def test_metainfo_of_every_dataset(self):
        """As MMEngine writes it: in the meta, and in the message hub."""
        registered = {
            Path(dataset.METAINFO['from_file']).name
            for dataset in DATASETS.module_dict.values()
            if getattr(dataset, 'METAINFO', None)
        }
        files = sorted(DESCRIPTIONS.glob('*.py'))
        assert registered <= {file.name for file in files}
        for file in files:
            metainfo = parse_pose_metainfo(dict(from_file=str(file)))
            hub = MessageHub(f'{file}')
            hub.update_scalar('loss', 0.5)
            hub.update_info('dataset_meta', metainfo)
            loaded = torch.load(
                saved(
                    dict(
                        meta=dict(dataset_meta=metainfo, epoch=1, seed=None),
                        message_hub=hub.state_dict(),
                    )
                )
            )
            hub = loaded['message_hub']
            assert hub['log_scalars']['loss'].current() == 0.5
            for found in (
                loaded['meta']['dataset_meta'],
                hub['runtime_info']['dataset_meta'],
            ):
                assert found.keys() == metainfo.keys()
                for name, value in metainfo.items():
                    assert type(found[name]) is type(value)
                    assert str(found[name]) == str(value), (file, name)

    @pytest.mark.parametrize(
        'value',
        [
            np.array([]),
            np.zeros((0, 3), np.uint8),
            np.array(['left_eye', 'nose']),
            np.array([b'nose']),
            np.array(['2026-11-25'], 'datetime64[D]'),
            np.zeros(2, [('x', '<f4'), ('y', '>f8')]),
            *(np.float16(1), np.int64(3), np.bool_(True), np.str_('AP')),
            *(b'', frozenset(), frozenset('a'), {1, 2}, 1j, float('nan')),
        ],
        ids=repr,
    )
    def test_data_of_any_type(self, value):
        loaded = torch.load(saved(dict(value=value)))['value']
        assert type(loaded) is type(value)
        np.testing.assert_array_equal(loaded, value)

    @pytest.mark.parametrize('curve', ['cos', 'linear'])
    def test_one_cycle_schedule(self, curve):
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        state = OneCycleLR(
            optimizer, eta_max=0.1, total_steps=9, anneal_strategy=curve
        ).state_dict()
        assert torch.load(saved(state)) == state

    def test_getattr_reaches_nothing_else(self, tmp_path):
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(method=GetAttribute(HistoryBuffer, 'max')), file)
        assert torch.load(file)['method'] is HistoryBuffer.max
        for owner, name in (
            (HistoryBuffer, '__init__'),
            (HistoryBuffer, 'register_statistics'),
            (OneCycleParamScheduler, '_get_value'),
            (HistoryBuffer.max, '__globals__'),
        ):
            with pytest.raises(Exception, match='refused|Unsupported'):
                torch.save(dict(method=GetAttribute(owner, name)), file)
                torch.load(file)


@pytest.mark.parametrize('refuses', [True, False])
def test_circles_of_one_radius_in_an_array(monkeypatch, refuses):
    seen = []
    monkeypatch.setattr(
        OpencvBackendVisualizer,
        'draw_circles',
        lambda self, center, radius, **kw: seen.append(np.ndim(radius)),
    )
    monkeypatch.setattr(
        compat, '_numpy_refuses_arrays_as_scalars', lambda: refuses
    )
    assert compat.give_opencv_scalars() == refuses
    visualizer = OpencvBackendVisualizer(backend='opencv')
    visualizer.draw_circles(np.zeros(2), radius=np.array([3]))
    assert seen == [0 if refuses else 1]


def test_refuses_older_versions_of_torch(monkeypatch):
    monkeypatch.setattr(torch, '__version__', '2.0.1+cu117')
    with pytest.raises(ImportError, match=r'>=2\.1\.0, but PyTorch 2\.0'):
        compat.apply()


@pytest.mark.parametrize('version', ['0.29.0', '1.2.0', '2.0.0'])
def test_refuses_other_versions_of_mmpose(monkeypatch, version):
    monkeypatch.setattr(mmpose, '__version__', version)
    with pytest.raises(ImportError, match=rf'needs MMPose .* {version} is'):
        compat.apply()


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
