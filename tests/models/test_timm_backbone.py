"""Backbones of timm."""

import re
import sys

import pytest
import torch

from distilpose import TimmBackbone

pytest.importorskip('timm')
NAME = 'mobilenetv4_conv_small_035'


def test_feature_maps_are_as_it_says():
    model = TimmBackbone(NAME, out_indices=(2, -1)).eval()
    maps = model(torch.zeros(1, 3, 96, 64))
    assert model.strides == (8, 32)
    large, small = model.out_channels
    assert [x.shape[1:] for x in maps] == [(large, 12, 8), (small, 3, 2)]


def test_mmengine_leaves_its_weights_alone():
    model = TimmBackbone(NAME)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.init_weights()
    assert all((v == before[k]).all() for k, v in model.state_dict().items())


def test_weights_are_loaded_before_training_alone(monkeypatch):
    import timm

    asked = []
    create = timm.create_model

    def record(model_name, pretrained=False, **settings):
        asked.append(pretrained)
        model = create(model_name, **settings)
        for parameter in model.parameters() if pretrained else ():
            torch.nn.init.constant_(parameter, 0.5)
        return model

    monkeypatch.setattr(timm, 'create_model', record)
    model = TimmBackbone(NAME, pretrained=True)
    assert asked == [False]
    model.init_weights()
    assert asked == [False, True]
    assert all((p == 0.5).all() for p in model.parameters())

    def offline(**settings):
        raise ConnectionError('no route')

    monkeypatch.setattr(timm, 'create_model', offline)
    with pytest.raises(OSError, match='no route.*pretrained=False'):
        model.init_weights()


def test_weights_of_ones_own(tmp_path):
    """They go before timm's, which are not asked for."""
    trained = TimmBackbone(NAME)
    state = {f'backbone.{k}': v for k, v in trained.state_dict().items()}
    torch.save(dict(state_dict=state), tmp_path / 'mine.pth')
    start = dict(type='Pretrained', checkpoint=str(tmp_path / 'mine.pth'))
    start['prefix'] = 'backbone.'
    model = TimmBackbone(NAME, pretrained=True, init_cfg=start)
    model.init_weights()
    for key, value in trained.state_dict().items():
        assert torch.equal(model.state_dict()[key], value)


@pytest.mark.parametrize('settings, message', [
    (dict(model_name='mobilenetv4_conv_tiny'), 'Similar: mobilenetv4_conv_aa'),
    (dict(model_name=NAME, out_indices=(9,)), 'Similar: mobilenetv4_conv_aa'),
    (dict(model_name=NAME, feature_cls='getter', frozen=('stem',)),
     '"stem".*conv_stem, bn1, blocks'),
])  # fmt: skip
def test_what_timm_does_not_have(settings, message):
    with pytest.raises(ValueError, match=message):
        TimmBackbone(**settings)


def test_without_timm(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ImportError, match=r'distilpose\[timm\]'):
        TimmBackbone(NAME)


@pytest.mark.parametrize('settings', [{}, dict(feature_cls='getter')])
def test_what_is_frozen_stays(settings):
    model = TimmBackbone(NAME, frozen=('conv_stem', 'bn1'), **settings).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(2, 3, 64, 64))[-1].square().sum().backward()
    optimizer.step()
    changed = {
        k for k, v in model.state_dict().items() if (v != before[k]).any()
    }
    frozen = re.compile(r'^model\.(model\.)?(conv_stem|bn1)\.')
    assert changed and not any(map(frozen.match, changed))
