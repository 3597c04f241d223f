"""Models made of other packages' parts."""

import pytest
import torch
from mmengine.config import Config
from mmpose.utils import register_all_modules

from distilpose.distillation.sources import building
from distilpose.distillation.sources.building import build_model
from distilpose.zoo import find_config

from .. import toys

pytestmark = pytest.mark.usefixtures('mmpose_scope')
RTMPOSE = 'rtmpose-t_8xb256-420e_coco-256x192'


@pytest.fixture
def mmpose_scope():
    register_all_modules()


def teacher(backbone):
    return {**toys.convolutional_teacher(), 'backbone': backbone}


@pytest.mark.parametrize(
    'backbone',
    [
        dict(type='mmpretrain.VisionTransformer'),
        dict(_scope_='mmpretrain', type='VisionTransformer'),
    ],
    ids=['prefix', 'scope'],
)
def test_missing_package_is_named(backbone, monkeypatch):
    find = building.importlib.util.find_spec
    monkeypatch.setattr(
        building.importlib.util,
        'find_spec',
        lambda name: None if name == 'mmpretrain' else find(name),
    )
    with pytest.raises(
        ValueError, match=r'mmpretrain, .* `pip install "distilpose\[vitpose'
    ):
        build_model(teacher(backbone), 'x')


def test_what_cannot_be_built_here_is_told_of_the_model(monkeypatch):
    def fail(config):
        raise ImportError('nms needs the compiled operators of `mmcv`')

    monkeypatch.setattr(building.MODELS, 'build', fail)
    with pytest.raises(ValueError, match='^The teacher x .* here: nms needs'):
        build_model(toys.teacher(), 'x')


def test_class_of_no_package():
    with pytest.raises(
        ValueError, match='^The teacher x .* here: .*ViT is not'
    ):
        build_model(teacher(dict(type='mmpose.ViT')), 'x')


def test_argument_of_another_version():
    with pytest.raises(ValueError, match="The teacher x .* here: .*'cls'"):
        build_model(teacher(dict(type='StemNet', cls=True)), 'x')


def test_rtmpose_needs_no_operators_of_mmcv():
    """Its config names MMDetection's backbone; MMPose has the same one."""
    config = Config.fromfile(find_config(RTMPOSE, with_mmpose=True)).model
    before = config.to_dict()
    assert before['backbone']['_scope_'] == 'mmdet'
    model = build_model(config, 'x')
    assert type(model.backbone).__module__ == 'mmpose.models.backbones.cspnext'
    assert config.to_dict() == before
    with torch.no_grad():
        x, y = model(torch.zeros(1, 3, 256, 192), None, mode='tensor')
    assert (x.shape, y.shape) == ((1, 17, 384), (1, 17, 512))
