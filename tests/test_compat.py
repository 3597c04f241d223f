"""Each entry of the compatibility module: with its fault, and without."""

import importlib
import inspect
import pickle
import sys
from types import ModuleType

import mmcv
import mmengine.dist.utils
import mmpose
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import load_checkpoint
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.visualization.opencv_backend_visualizer import (
    OpencvBackendVisualizer,
)

from distilpose import compat

COCO = dict(from_file='configs/_base_/datasets/coco.py')


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
    monkeypatch.setattr(sys, 'meta_path', list(sys.meta_path))
    assert compat.stub_mmcv_ops()
    yield sys.modules['mmcv.ops']
    assert not compat.stub_mmcv_ops(), 'applied twice'


def test_stand_in_for_missing_operators(stand_in):
    with pytest.raises(ImportError, match='make mmcv'):
        stand_in.MultiScaleDeformableAttention(embed_dims=8)
    assert mmcv.ops is stand_in


@pytest.mark.parametrize(
    'statement',
    [
        'from mmcv.ops import nms',
        'from mmcv.ops import MultiScaleDeformableAttention, nms',
        'import mmcv.ops.nms',
        'from mmcv.ops.nms import batched_nms',
    ],
)
def test_missing_operators_say_what_to_install(stand_in, statement):
    with pytest.raises(ImportError, match=r'ops\.nms needs .* Install mmcv'):
        exec(statement)


def test_stand_in_bears_to_be_asked_for_anything(stand_in):
    """As inspect does, and pickle, which goes through all modules."""
    assert not hasattr(stand_in, 'nms') and not hasattr(stand_in, '__file__')
    with pytest.raises(AttributeError, match=r'ops\.nms needs'):
        stand_in.nms  # noqa: B018
    assert inspect.getmodule(compat.apply) is compat
    nowhere = type('Nowhere', (), dict(__reduce__=lambda self: 'nowhere'))()
    nowhere.__module__ = None
    with pytest.raises(pickle.PicklingError, match='nowhere'):
        pickle.dumps(nowhere)
    with pytest.raises(ModuleNotFoundError, match="No module .*'mmcv.opus'"):
        importlib.import_module('mmcv.opus')


def test_real_operators_are_left_alone(monkeypatch):
    real = ModuleType('mmcv.ops')
    monkeypatch.setitem(sys.modules, 'mmcv.ops', real)
    assert not compat.stub_mmcv_ops()
    assert sys.modules['mmcv.ops'] is real


class Payload:
    """Runs code where it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (str(self.file), 'w')


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
    def test_loads_what_mmengine_writes(self, tmp_path):
        buffer = HistoryBuffer()
        buffer.update(0.5)
        file = tmp_path / 'checkpoint.pth'
        checkpoint = dict(
            message_hub=dict(loss=buffer, epoch=np.int64(3)),
            # What parse_pose_metainfo makes of a dataset's description.
            meta=dict(dataset_meta=parse_pose_metainfo(COCO), time='noon'),
        )
        torch.save(checkpoint, file)
        torch.serialization.clear_safe_globals()
        with pytest.raises(Exception, match='HistoryBuffer|weights_only'):
            torch.load(file)
        assert compat.allow_mmengine_checkpoints()
        loaded = torch.load(file)
        assert loaded['message_hub']['loss'].current() == 0.5
        meta = loaded['meta']['dataset_meta']
        assert meta['skeleton_link_colors'].dtype == np.uint8

    def test_foreign_code_is_still_refused(self, tmp_path):
        written = tmp_path / 'written'
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(state_dict={}, payload=Payload(written)), file)
        with pytest.raises(Exception, match='weights_only|Weights only'):
            load_checkpoint(torch.nn.Linear(1, 1), str(file))
        assert not written.exists()

    def test_getattr_reaches_nothing_else(self, tmp_path):
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(method=GetAttribute(HistoryBuffer, 'max')), file)
        assert torch.load(file)['method'] is HistoryBuffer.max
        for owner, name in (
            (HistoryBuffer, '__init__'),
            (HistoryBuffer.max, '__globals__'),
        ):
            with pytest.raises(Exception, match='refused|Unsupported'):
                torch.save(dict(method=GetAttribute(owner, name)), file)
                torch.load(file)


@pytest.fixture
def launcher():
    """MMEngine's function, put back at the end."""
    own = mmengine.dist.utils._init_dist_pytorch
    yield own
    mmengine.dist.utils._init_dist_pytorch = own


def test_launcher_without_gpu_says_what_to_do(launcher, monkeypatch):
    monkeypatch.setenv('RANK', '0')
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(compat, 'get_device', lambda: 'cpu')
    assert compat.explain_launcher_without_gpu()
    with pytest.raises(SystemExit, match='needs a GPU for each process'):
        mmengine.dist.init_dist('pytorch')


def test_launcher_is_left_alone_elsewhere(launcher, monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    monkeypatch.setattr(compat, 'get_device', lambda: 'cpu')
    assert not compat.explain_launcher_without_gpu(), 'without a launcher'
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(compat, 'get_device', lambda: 'cuda')
    assert not compat.explain_launcher_without_gpu(), 'with a GPU'
    assert mmengine.dist.utils._init_dist_pytorch is launcher


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
    monkeypatch.setattr(torch, '__version__', '1.13.1+cu117')
    with pytest.raises(ImportError, match=r'>=2\.0\.0, but PyTorch 1\.13'):
        compat.apply()


@pytest.mark.parametrize('version', ['0.29.0', '2.0.0'])
def test_refuses_other_versions_of_mmpose(monkeypatch, version):
    monkeypatch.setattr(mmpose, '__version__', version)
    with pytest.raises(ImportError, match=rf'needs MMPose .* {version} is'):
        compat.apply()
