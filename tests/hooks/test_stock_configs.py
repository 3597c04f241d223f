"""The hook leaves MMPose's own top-down configs alone.

The data are made by each config's own transforms and encoder.
"""

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from distilpose import DatasetCheckHook
from distilpose.zoo.find import find_config

from . import stock

# One of every kind of head and codec, on various datasets, and the slowest.
SAMPLE = [
    'ipr_res50_8xb64-210e_coco-256x256',
    'ipr_res50_dsnt-8xb64-210e_coco-256x256',
    'td-hm_alexnet_8xb64-210e_coco-256x192',
    'td-hm_hrnet-w32_udp-8xb64-210e_coco-256x192',
    'td-hm_hrnet-w32_udp-regress-8xb64-210e_coco-256x192',
    'internet_res50_4xb16-20e_interhand3d-256x256',
    'td-hm_mspn50_8xb32-210e_coco-256x192',
    'td-reg_mobilenetv2_rle-pretrained-8xb64-210e_coco-256x192',
    'rtmpose-m_8xb256-420e_coco-256x192',
    'td-reg_res50_8xb64-210e_coco-256x192',
    'simcc_mobilenetv2_wo-deconv-8xb64-210e_coco-256x192',
    'td-hm_vipnas-mbv3_8xb64-210e_coco-256x192',
    'td-hm-vis_res50_8xb64-210e_coco-aic-256x192-merge',
]
LARGE = [
    'td-hm_cpm_8xb32-40e_jhmdb-sub1-368x368',
    'rtmw-l_8xb1024-270e_cocktail14-256x192',
]
PART = 'td-hm_hrnet-w32_8xb64-210e_coco-aic-256x192-combine'


def config(name):
    return Config.fromfile(find_config(name, with_mmpose=True))


def check(cfg):
    """Run the hook; give the model and what it was given."""
    model, warnings = stock.build(cfg), []
    runner = stock.runner(model, cfg, warnings)
    DatasetCheckHook().before_train(runner)
    assert warnings == []
    return model, runner


def trains_and_tests(model, runner):
    """Whether MMPose computes losses, and predicts by its flip test."""
    losses = _preprocess(model, runner.train_loop, mode='loss')
    assert losses and all(torch.isfinite(v).all() for v in losses.values())
    _preprocess(model, runner.val_loop, mode='predict')


def _preprocess(model, loop, mode):
    batch = pseudo_collate([loop.dataloader.dataset[0]] * 2)
    data = model.data_preprocessor(batch, training=mode == 'loss')
    return model(**data, mode=mode)


@pytest.mark.parametrize('name', SAMPLE)
def test_passes(name):
    check(config(name))


@pytest.mark.slow
@pytest.mark.parametrize('name', SAMPLE + LARGE)
def test_passes_and_trains(name):
    trains_and_tests(*check(config(name)))


def test_validation_on_a_part_of_the_keypoints():
    """On 17 of 19; the flip test needs model.metainfo to know all 19."""
    cfg = config(PART)
    check(cfg)
    del cfg.model.metainfo
    with pytest.raises(ValueError, match='right of 19 .* are of 17. Describe'):
        check(cfg)
    model = stock.build(cfg)
    runner = stock.runner(model, cfg)
    with pytest.raises(AssertionError):  # as MMPose ends, after an epoch
        _preprocess(model, runner.val_loop, mode='predict')


@pytest.mark.slow
def test_every_kind_passes():
    """Of every combination of head, codec and datasets, the first config."""
    seen, sampled = (
        {},
        {stock.kind(config(name))[:4] for name in SAMPLE + LARGE},
    )
    for name, cfg in stock.topdown_configs():
        seen.setdefault(stock.kind(cfg), (name, cfg))
    assert len(seen) >= 70
    assert sampled >= {kind[:4] for kind in seen}
    for _, cfg in seen.values():
        check(cfg)
