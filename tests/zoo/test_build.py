"""Teachers made of parts that other packages have."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmpose.models.backbones import CSPNeXt
from mmpose.registry import MODELS
from mmpose.utils import register_all_modules

from distilpose.zoo.build import build_model
from distilpose.zoo.find import find_config

RTMPOSE = 'rtmpose-t_8xb256-420e_coco-256x192'
VITPOSE = 'td-hm_ViTPose-small_8xb64-210e_coco-256x192'


def config(name):
    register_all_modules()
    return Config.fromfile(find_config(name, with_mmpose=True)).model


def test_rtmpose_needs_no_operators():
    model = config(RTMPOSE)
    before = copy.deepcopy(model)
    backbone = build_model(model, RTMPOSE).backbone
    assert model == before
    assert type(backbone) is CSPNeXt  # MMPose's, not MMDetection's
    backbone.eval()
    assert backbone(torch.zeros(1, 3, 64, 64))[-1].shape == (1, 384, 2, 2)


def test_both_backbones_have_the_same_tensors():
    """Weights of the zoo were trained with MMDetection's."""
    try:
        import mmdet.models  # noqa: F401
    except ImportError as error:
        pytest.skip(f'MMDetection cannot be imported here: {error}')
    settings = config(RTMPOSE).backbone
    backbones = [
        MODELS.build(settings),
        build_model(settings, RTMPOSE),
    ]
    assert type(backbones[0]) is not type(backbones[1])
    shapes = [
        {key: value.shape for key, value in backbone.state_dict().items()}
        for backbone in backbones
    ]
    assert shapes[0] == shapes[1]
    backbones[1].load_state_dict(backbones[0].state_dict())
    images = torch.rand(1, 3, 64, 64)
    for backbone in backbones:
        backbone.eval()
    torch.testing.assert_close(*(each(images)[-1] for each in backbones))


def test_mmcls_is_mmpretrain():
    """What it is called in some of MMPose's configs."""
    pytest.importorskip('mmpretrain')
    model = config(VITPOSE)
    model.backbone.type = 'mmcls.VisionTransformer'
    backbone = build_model(model, VITPOSE).backbone
    assert type(backbone).__module__.startswith('mmpretrain.')
