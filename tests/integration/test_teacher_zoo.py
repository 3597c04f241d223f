"""Each of MMPose's body configs as a teacher of DistilPose-S.

With random weights: no weights of the zoo are at hand. A frozen teacher says
the same at each step, so that it is asked about the batch once.
"""

import copy
import math
from pathlib import Path

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.testing import get_packed_inputs
from mmpose.utils import register_all_modules

from distilpose.distillation.before_training import check_before_training
from distilpose.keypoints.metainfo import keypoint_names
from distilpose.teachers.frozen import FrozenTeacher
from distilpose.teachers.inputs import InputSpec
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config

STUDENT = 'distilpose-s_8xb32-300e_coco-256x192'
FOLDERS = (
    'topdown_heatmap/coco',
    'integral_regression/coco',
    'simcc/*',
    'rtmpose/*',
)
STEPS = 3


def names():
    root = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint'
    return sorted(
        path.stem for folder in FOLDERS for path in root.glob(f'{folder}/*.py')
    )


@pytest.fixture(scope='module')
def student():
    """DistilPose-S, its head's first weights, and one batch.

    Its backbone and encoder run once: what is trained here is its head.
    """
    register_all_modules()
    torch.manual_seed(0)
    config = Config.fromfile(find_config(STUDENT))
    for tokens in ('visual_tokens', 'keypoint_tokens'):
        config.model.distillation[tokens] = None  # these teachers have none
    model = build_without_weights(config)
    data = get_packed_inputs(2, input_size=(192, 256), with_simcc_label=False)
    data = model.data_preprocessor(data, training=True)
    return model, copy.deepcopy(model.head.state_dict()), data


def distil(student, name, monkeypatch):
    """Losses at each step."""
    model, weights, data = student
    model.head.load_state_dict(weights)
    metainfo = dict(from_file='configs/_base_/datasets/coco.py')
    model.teacher = FrozenTeacher(
        student=InputSpec.of_model(model),
        student_keypoints=keypoint_names(parse_pose_metainfo(metainfo)),
        config=name,
        allow_random_weights=True,
    )
    model._is_first_batch = True
    torch.manual_seed(0)
    check_before_training(model)
    with torch.no_grad():
        feats = model.extract_feat(data['inputs'])
    monkeypatch.setattr(model, 'extract_feat', lambda inputs: feats)
    said = model.teacher(data['inputs'], data['data_samples'])
    # Random weights give heatmaps of any height, RSN's up to 1e23.
    height = said.maps.map(torch.abs).peaks().max()
    assert height.isfinite()
    maps = said.maps.scaled(1 / height.clamp(min=1).expand(2, 17))
    said = said._replace(maps=maps)
    monkeypatch.setattr(FrozenTeacher, '__call__', lambda *_: said)
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)
    steps = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        total, parts = model.parse_losses(model.loss(**data))
        total.backward()
        optimizer.step()
        steps.append({key: float(value) for key, value in parts.items()})
    return steps


@pytest.mark.slow
@pytest.mark.parametrize('name', names())
def test_zoo_teaches(student, name, monkeypatch):
    if 'ViTPose' in name:
        pytest.importorskip('mmpretrain')
    steps = distil(student, name, monkeypatch)
    assert all(math.isfinite(v) for step in steps for v in step.values())
    assert steps[0]['loss_simulated_heatmaps'] > 0
    totals = [step['loss'] for step in steps]
    assert all(after < before for before, after in zip(totals, totals[1:]))


def test_what_is_swept():
    """All of MMPose's: 116 on COCO with heatmaps, 37 of other heads."""
    assert len(names()) == 116 + 37
