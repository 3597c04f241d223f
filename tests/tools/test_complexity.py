"""Parameters and operations by hand, in the paper and in the metafiles."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from complexity import measure_complexity
from mmengine.config import Config

from distilpose.zoo.find import find_config

CONFIGS = Path(__file__).parents[2] / 'configs'
# Those with a metafile.
LISTED = sorted(
    path
    for path in CONFIGS.glob('*_2d_keypoint/*/*/*.py')
    if [*path.parent.glob('*.yml')]
)
PAPER = {  # COCO val AP, as the paper prints it
    'distilpose-s_8xb32-300e_coco-256x192': 0.716,
    'distilpose-l_8xb32-300e_coco-256x192': 0.744,
    'distilpose-s_no-distill_8xb32-300e_coco-256x192': 0.560,
    'tokenpose-l_8xb64-300e_coco-256x192': 0.752,
}
S = 'distilpose-s_8xb32-300e_coco-256x192'
# Millions of multiply-accumulates of DistilPose-S, by hand: strided
# convolutions, bottlenecks; patches, layers, head; QK^T and AV.
STEM = (
    128 * 96 * 64 * 3 * 9
    + 64 * 48 * 64 * 64 * 9
    + 64 * 48 * (64 * 256 + 64 * 64 + 64 * 64 * 9 + 64 * 256)
    + 64 * 48 * 3 * (256 * 64 + 64 * 64 * 9 + 64 * 256)
)
ENCODER = 256 * 3072 * 192 + 12 * 273 * 192 * 192 * (3 + 1 + 3 + 3)
ATTENTION = 12 * 2 * 273 * 273 * 192


def read_config(name):
    return Config.fromfile(find_config(name, with_mmpose=True))


@cache
def measure(name):
    return measure_complexity(read_config(name))


def test_operations_by_hand():
    found = measure(S)
    assert found.size == (192, 256)
    assert found.layer_macs == STEM + ENCODER + 17 * 192 * 5
    assert found.attention_macs == ATTENTION


@pytest.mark.parametrize('name, parameters, paper, layers, in_all', [
    (S, 5_364_101, 2.38, 2.361, 2.705),
    (S.replace('-s_', '-l_'), 21_265_637, 10.33, 10.269, 10.612),
    ('tokenpose-l_8xb64-300e_coco-256x192',
     *(69_411_360, 17.03, 16.947, 17.290)),
    ('tokenpose-stem_8xb64-300e_coco-256x192',
     *(6_620_736, None, 2.383, 2.726)),
])  # fmt: skip
def test_complexity_of_the_paper(name, parameters, paper, layers, in_all):
    """Parameters exactly, operations within 1 % of the paper's GFLOPs."""
    found = measure(name)
    assert found.trainable == found.parameters == parameters
    total = found.layer_macs + found.attention_macs
    assert round(found.layer_macs / 1e9, 3) == layers
    assert round(total / 1e9, 3) == in_all
    if paper is not None:
        assert found.layer_macs / 1e9 == pytest.approx(paper, rel=0.01)


def slow_if_large(file):
    is_large = file.stem.startswith(('distilpose-l', 'tokenpose-l'))
    marks = [pytest.mark.slow] if is_large else []
    return pytest.param(file, id=file.stem, marks=marks)


@pytest.mark.parametrize('file', [*map(slow_if_large, LISTED)])
def test_metafile_states_what_is_measured(file):
    (metafile,) = file.parent.glob('*.yml')
    (entry,) = [
        model
        for model in yaml.safe_load(metafile.read_text())['Models']
        if model['Name'] == file.stem
    ]
    found = measure(file.stem)
    assert entry['Metadata']['Parameters'] == found.parameters
    assert entry['Metadata']['FLOPs'] == found.layer_macs
    results = entry.get('Results', [dict(Metrics={})])
    (ap,) = results[0]['Metrics'].values() or [None]
    assert ap == PAPER.get(file.stem)
    assert {*results[0]['Metrics']} <= {'AP of the paper'}


def test_counts_models_of_mmpose():
    """HRNet-W32: 28.5 M parameters and 7.7 GMACs in MMPose's table."""
    name = 'td-hm_hrnet-w32_8xb64-210e_coco-256x192'
    found = measure(name)
    assert found.parameters == 28_536_113
    assert found.layer_macs / 1e9 == pytest.approx(7.7, rel=0.01)
    assert found.attention_macs == 0


def test_frozen_parameters_are_not_trainable():
    """The stem of a ResNet-50, 9,536, and its first stage, 215,808."""
    name = 'td-hm_res50_8xb64-210e_coco-256x192'
    config = read_config(name)
    config.model.backbone.frozen_stages = 1
    found = measure_complexity(config)
    assert found.parameters - found.trainable == 9_536 + 215_808
