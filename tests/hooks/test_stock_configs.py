"""The hook leaves MMPose's own top-down configs alone.

The data are made by each config's own transforms and encoder.
"""

import pytest
from mmengine.config import Config

from distilpose import DatasetCheckHook
from distilpose.zoo.find import find_config

from . import stock

# One of each kind of labels; the slow test below takes every kind.
SAMPLE = [
    'ipr_res50_dsnt-8xb64-210e_coco-256x256',
    'td-hm_hrnet-w32_udp-regress-8xb64-210e_coco-256x192',
    'internet_res50_4xb16-20e_interhand3d-256x256',
    'td-hm_mspn50_8xb32-210e_coco-256x192',
    'td-reg_mobilenetv2_rle-pretrained-8xb64-210e_coco-256x192',
    'rtmpose-m_8xb256-420e_coco-256x192',
    'td-hm-vis_res50_8xb64-210e_coco-aic-256x192-merge',
]
PART = 'td-hm_hrnet-w32_8xb64-210e_coco-aic-256x192-combine'


def config(name):
    return Config.fromfile(find_config(name, with_mmpose=True))


def check(cfg):
    """Run the hook."""
    warnings = []
    runner = stock.runner(stock.build(cfg), cfg, warnings)
    DatasetCheckHook().before_train(runner)
    assert warnings == []


@pytest.mark.parametrize('name', SAMPLE)
def test_passes(name):
    check(config(name))


def test_validation_on_a_part_of_the_keypoints():
    """On 17 of 19; the flip test needs model.metainfo to know all 19."""
    cfg = config(PART)
    check(cfg)
    del cfg.model.metainfo
    with pytest.raises(ValueError, match='right of 19 .* are of 17. Describe'):
        check(cfg)


@pytest.mark.slow
def test_every_kind_passes():
    """Of every combination of head, codec and datasets, the first config."""
    seen = {}
    for name, cfg in stock.topdown_configs():
        seen.setdefault(stock.kind(cfg), (name, cfg))
    assert len(seen) >= 70
    for _, cfg in seen.values():
        check(cfg)
