"""The forward pass equals that of the original release, in float64."""

import pytest
import torch
from convert_checkpoint import convert
from mmengine.config import Config
from mmpose.models import build_pose_estimator
from mmpose.utils import register_all_modules

from distilpose.zoo.find import find_config

from . import reference
from .reference import assert_equal

MODELS = {
    'distilpose-s': 'distilpose-s_8xb32-300e_coco-256x192',
    'distilpose-l': 'distilpose-l_8xb32-300e_coco-256x192',
    'tokenpose-stemnet': 'tokenpose-stem_8xb64-300e_coco-256x192',
    'tokenpose-l-teacher': 'tokenpose-l_8xb64-300e_coco-256x192',
}
RECORDED = reference.recorded('forward.npz')


@pytest.fixture(scope='module', params=MODELS)
def forward(request):
    """Run one of the models on the reference weights and images."""
    name = MODELS[request.param]
    register_all_modules()
    config = Config.fromfile(find_config(name))
    model = build_pose_estimator(config.model).double()
    converted = convert(reference.original_state_dict(request.param))
    assert converted.config == name
    model.load_state_dict(converted.state, strict=True)
    with torch.no_grad():
        tokens = model.eval().extract_feat(reference.images())
        return request.param, tokens, model.head(tokens)


def test_tokens(forward):
    name, tokens, _ = forward
    # Every 16th visual token was recorded.
    assert_equal(tokens.visual[:, ::16], RECORDED[f'{name}/vis_token'])
    assert_equal(tokens.keypoint, RECORDED[f'{name}/kpt_token'])


def test_prediction(forward):
    name, _, output = forward
    if name.startswith('tokenpose'):
        return assert_equal(output, RECORDED[f'{name}/pred'])
    assert_equal(output.coords, RECORDED[f'{name}/pred'])
    assert_equal(output.scores, RECORDED[f'{name}/score'])
    assert_equal(output.sigmas, RECORDED[f'{name}/sigma'])
