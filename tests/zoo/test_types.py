"""The ways to write a type in a config, of which all mean the same."""

import copy

import pytest
from mmengine.config import Config
from mmengine.hooks import LoggerHook
from mmpose.datasets import CocoDataset, TopdownAffine
from mmpose.models import CSPNeXt, TopdownPoseEstimator
from mmpose.utils import register_all_modules

from distilpose.teachers.mmpose_model import MMPoseSource
from distilpose.zoo.find import read_config
from distilpose.zoo.types import name_types

from .. import toys


class Unregistered:
    pass


@pytest.mark.parametrize('config, named', [
    (dict(type='CocoDataset'), 'CocoDataset'),
    (dict(type='mmpose.CocoDataset'), 'CocoDataset'),
    (dict(type='CocoDataset', _scope_='mmpose'), 'CocoDataset'),
    (dict(type=CocoDataset), 'CocoDataset'),
    (dict(type=LoggerHook), 'mmengine.LoggerHook'),
    (dict(type='mmcls.ViT'), 'mmpretrain.ViT'),
    (dict(type='mmdet.ResNet'), 'mmdet.ResNet'),
    (dict(type='mmdet.CSPNeXt'), 'CSPNeXt'),
    (dict(type='CSPNeXt', _scope_='mmdet'), 'CSPNeXt'),
    (dict(type='mmpose.models.HRNet'), 'mmpose.models.HRNet'),
    (dict(type=Unregistered), Unregistered),
    (dict(type=dict(type='mmpose.x')), dict(type='x')),
    (dict(type='ViT', _scope_='mmcls'), ('mmpretrain', 'ViT')),
    (dict(type='mmdet.ResNet', _scope_='mmdet'), ('mmdet', 'ResNet')),
    (dict(type=CocoDataset, _scope_='x'), ('x', 'mmpose.CocoDataset')),
])  # fmt: skip
def test_names(config, named):
    assert name_types(config) is config
    if isinstance(named, tuple):
        assert config == dict(_scope_=named[0], type=named[1])
    else:
        assert config == dict(type=named)


def test_scopes_of_parts():
    """Those of a part that MMPose has itself are looked for there."""
    inner = (dict(type='mmdet.B'), dict(type='mmpose.C'))
    config = [
        dict(type=name, _scope_='mmdet', inner=copy.deepcopy(inner))
        for name in ('A', 'CSPNeXt')
    ]
    other, own = name_types(config)
    inner = (dict(type='B'), dict(type='mmpose.C'))
    assert other == dict(type='A', _scope_='mmdet', inner=inner)
    inner = (dict(type='mmdet.B'), dict(type='C'))
    assert own == dict(type='CSPNeXt', inner=inner)


def test_without_a_scope_packages_stay():
    inner = dict(type='mmpose.X', c=dict(type='Y'))
    config = dict(a=dict(type=CSPNeXt), b=copy.deepcopy(inner))
    name_types(config, scope='')
    assert config['a']['type'] == 'mmpose.CSPNeXt'
    assert config['b'] == inner
    config = dict(type='A', _scope_='mmdet', b=dict(type='CSPNeXt'))
    named = dict(type='mmpose.CSPNeXt', _scope_='mmpose')
    assert name_types(config, scope='')['b'] == named


def test_file_with_classes(tmp_path):
    """MMEngine's newer style, in which a class is imported when it is read."""
    file = tmp_path / 'config.py'
    file.write_text(
        'from mmpose.datasets import CocoDataset, TopdownAffine\n'
        'from mmpose.models import TopdownPoseEstimator\n'
        'model = dict(type=TopdownPoseEstimator)\n'
        'data = dict(type=CocoDataset, pipeline=[dict(type=TopdownAffine)])\n'
    )
    assert Config.fromfile(file).data.pipeline[0].type is TopdownAffine
    config = read_config(str(file))
    assert config.model.type == 'TopdownPoseEstimator'
    assert config.data.to_dict() == dict(
        type='CocoDataset', pipeline=[dict(type='TopdownAffine')]
    )


def test_teacher_with_classes():
    """The config that is given is left as it is."""
    register_all_modules()
    model = {**toys.teacher(), 'type': TopdownPoseEstimator}
    data = dict(dataset=dict(type=CocoDataset))
    source = MMPoseSource(
        dict(model=model, train_dataloader=data), allow_random_weights=True
    )
    assert source.metainfo['dataset_name'] == 'coco'
    assert type(source.model) is TopdownPoseEstimator
    assert model['type'] is TopdownPoseEstimator
