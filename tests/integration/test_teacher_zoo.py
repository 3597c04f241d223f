"""Each of MMPose's body configs as a teacher of DistilPose-S.

With random weights: no weights of the zoo are at hand. A frozen teacher says
the same at each step, so that it is asked about the batch once.
"""

from pathlib import Path

import mmpose
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.testing import get_packed_inputs
from mmpose.utils import register_all_modules

from distilpose.distillation.checks import check_before_training
from distilpose.distillation.inputs import InputSpec
from distilpose.distillation.keypoints import keypoint_names
from distilpose.distillation.teacher import FrozenTeacher
from distilpose.zoo import build_without_weights, find_config

STUDENT = 'distilpose-s_8xb32-300e_coco-256x192'
FOLDERS = (
    'topdown_heatmap/coco',
    'integral_regression/coco',
    'simcc/*',
    'rtmpose/*',
)
STEPS = 3

# What cannot be a teacher here, and why.
REFUSED = {}


def names():
    root = Path(mmpose.__file__).parent / '.mim/configs/body_2d_keypoint'
    return sorted(
        path.stem for folder in FOLDERS for path in root.glob(f'{folder}/*.py')
    )


@pytest.fixture(scope='module')
def student():
    """The student, its first weights, and one batch."""
    register_all_modules()
    torch.manual_seed(0)
    config = Config.fromfile(find_config(STUDENT))
    for tokens in ('visual_tokens', 'keypoint_tokens'):
        config.model.distillation[tokens] = None  # these teachers have none
    model = build_without_weights(config)
    weights = {k: v.clone() for k, v in model.state_dict().items()}
    data = get_packed_inputs(2, input_size=(192, 256), with_simcc_label=False)
    data = model.data_preprocessor(data, training=True)
    return model, weights, data


def distil(student, name):
    """Totals of the losses at each step, and what they are made of."""
    model, weights, data = student
    model.load_state_dict(weights)
    metainfo = dict(from_file='configs/_base_/datasets/coco.py')
    model.teacher = FrozenTeacher(
        student=InputSpec.of_model(model),
        student_keypoints=keypoint_names(parse_pose_metainfo(metainfo)),
        config=name,
        allow_random_weights=True,
    )
    model._is_first_batch = True
    torch.manual_seed(0)
    check_before_training(model, terms_are_named=True)
    said = model.teacher(data['inputs'], data['data_samples'])
    model.teacher = SaidBefore(model.teacher, said)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    model.train()
    totals, steps = [], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses = model.loss(**data)
        total, parts = model.parse_losses(losses)
        total.backward()
        optimizer.step()
        totals.append(total.item())
        steps.append(parts)
    return totals, steps


class SaidBefore:
    """A teacher that is not asked again about the same batch."""

    def __init__(self, teacher, output):
        self.source, self.index = teacher.source, teacher.index
        self.student_keypoints = teacher.student_keypoints
        self.output = output

    def __call__(self, inputs, samples=None):
        return self.output


@pytest.mark.slow
@pytest.mark.parametrize('name', names())
def test_zoo_teaches(student, name):
    if name in REFUSED:
        with pytest.raises((TypeError, ValueError), match=REFUSED[name]):
            distil(student, name)
        return
    totals, steps = distil(student, name)
    assert all(
        torch.tensor(float(value)).isfinite()
        for parts in steps
        for value in parts.values()
    )
    assert steps[0]['loss_simulated_heatmaps'] > 0
    assert all(after < before for before, after in zip(totals, totals[1:]))


def test_what_is_swept():
    """All of MMPose's: 116 on COCO with heatmaps, 37 of other heads."""
    assert len(names()) == 116 + 37
    assert {*REFUSED} <= {*names()}
