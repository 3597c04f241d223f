"""Models made of parts of other packages, of MMPose's in their place, or of
parts that are not there."""

import copy
import importlib.util

import pytest
import torch
from mmengine.config import Config
from mmpose.models.backbones import CSPNeXt
from mmpose.utils import register_all_modules

from distilpose.zoo import build as building
from distilpose.zoo.build import build_model, build_without_weights, load_model
from distilpose.zoo.find import find_config

from .. import toys

RTMPOSE = 'rtmpose-t_8xb256-420e_coco-256x192'
VITPOSE = 'td-hm_ViTPose-small_8xb64-210e_coco-256x192'


@pytest.fixture(autouse=True)
def mmpose_scope():
    register_all_modules()


def config(name):
    return Config.fromfile(find_config(name, with_mmpose=True))


def test_without_downloads_or_teacher():
    student = config('distilpose-s_8xb32-300e_coco-256x192')
    before = student.to_dict()
    model = build_without_weights(student)
    assert not model.training
    assert sum(p.numel() for p in model.parameters()) == 5_364_101
    assert student.to_dict() == before


def test_rtmpose_needs_no_operators():
    """Its config names MMDetection's backbone; MMPose's needs none."""
    settings = config(RTMPOSE)
    before = copy.deepcopy(settings.model)
    backbone = build_without_weights(settings).backbone
    assert settings.model == before
    assert type(backbone) is CSPNeXt
    assert backbone(torch.zeros(1, 3, 64, 64))[-1].shape == (1, 384, 2, 2)


def test_mmcls_is_mmpretrain():
    """What it is called in some of MMPose's configs."""
    pytest.importorskip('mmpretrain')
    model = config(VITPOSE).model
    model.backbone.type = 'mmcls.VisionTransformer'
    backbone = build_model(model, VITPOSE).backbone
    assert type(backbone).__module__.startswith('mmpretrain.')


PRETRAIN = r'made of parts of mmpretrain, .* `pip install "distilpose\[vitp'


@pytest.mark.parametrize('backbone, reason', [
    (dict(type='mmpretrain.ViT'), PRETRAIN),
    (dict(_scope_='mmcls', type='ViT'), PRETRAIN),
    (dict(type='mmpose.ViT'), 'cannot be built here: .*ViT is not in'),
    (dict(type='StemNet', cls=True), "cannot be built here: .*'cls'"),
])  # fmt: skip
def test_what_is_missing_is_named(backbone, reason, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        building.importlib.util,
        'find_spec',
        lambda name: None if name == 'mmpretrain' else find(name),
    )
    config = {**toys.convolutional_teacher(), 'backbone': backbone}
    with pytest.raises(ValueError, match=f'^The x .*{reason}'):
        build_model(config, 'The x')


def test_operator_of_mmcv(monkeypatch):
    def fail(config):
        raise ImportError('nms needs the compiled operators of `mmcv`')

    monkeypatch.setattr(building.MODELS, 'build', fail)
    with pytest.raises(ValueError, match='^x cannot .* here: nms needs'):
        build_model(toys.teacher(), 'x')


def test_file_of_a_model_that_cannot_be_built_is_named(tmp_path):
    (tmp_path / 'mine.py').write_text("model = dict(type='NoSuchModel')")
    settings = Config.fromfile(tmp_path / 'mine.py')
    with pytest.raises(ValueError, match='^The model mine cannot be built'):
        build_without_weights(settings)


@pytest.mark.parametrize('trained, loaded, told', [
    ('_no-distill', '', 'trained no sigmas and no scores: '),
    ('', '', ''),
    ('_no-distill', '_no-distill', ''),
])  # fmt: skip
def test_numbers_that_nothing_trained(trained, loaded, told, tmp_path, log):
    """Of a run without distillation, by the config of a distilled one."""
    run, settings = (
        config(f'distilpose-tiny{x}_1xb32-15e_demo-96x64')
        for x in (trained, loaded)
    )
    state = build_without_weights(run).state_dict()
    meta = dict(cfg=run.pretty_text)
    torch.save(dict(state_dict=state, meta=meta), tmp_path / 'x.pth')
    load_model(settings, tmp_path / 'x.pth')
    assert told in log.text and ('noise' in log.text) == bool(told)
