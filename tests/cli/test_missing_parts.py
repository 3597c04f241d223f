"""Models made of parts that are not there."""

import pytest
from mmpose.utils import register_all_modules

from distilpose.zoo import build as building
from distilpose.zoo.build import build_model

from .. import toys

pytestmark = pytest.mark.usefixtures('mmpose_scope')


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
    with pytest.raises(ValueError, match='^x cannot .* here: nms needs'):
        build_model(toys.teacher(), 'x')


def test_class_of_no_package():
    with pytest.raises(ValueError, match='^x cannot .* here: .*ViT is not'):
        build_model(teacher(dict(type='mmpose.ViT')), 'x')


def test_argument_of_another_version():
    with pytest.raises(ValueError, match="^x cannot .* here: .*'cls'"):
        build_model(teacher(dict(type='StemNet', cls=True)), 'x')
