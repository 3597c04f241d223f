"""Stock heads as students: two lines, and the teacher's keypoints are labels.

Where a teacher says what the labels say, its term is the head's own loss.
"""

import math

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import MultilevelPixelData, PoseDataSample

from distilpose import TeacherLabelLoss
from distilpose.distillation.first_batch import check_first_batch
from distilpose.distillation.step import DistillationStep
from distilpose.heatmaps.forms import SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame, codec_of
from distilpose.models.distilpose_head import keypoint_weights
from distilpose.teachers.output import TeacherOutput

from .. import toys
from ..teachers import heads

SIZE = torch.tensor([48.0, 64.0])
CELLS = torch.tensor([[[3, 5], [7, 9], [4, 12]], [[6, 2], [2, 8], [9, 13]]])
# These are made for features of another stride than the toys give.
STRIDES = ('cpm', 'dark_stride_8', 'udp_stride_8', 'dark_stride_2')
KINDS = [name for name in heads.KINDS if name not in STRIDES]


def student(name, **changes):
    """A distilled model with a head of this kind, and its features."""
    head = heads.config(name, 3, (48, 64))
    weighted = dict(use_target_weight=True)
    if head['type'] == 'IntegralRegressionHead':
        head['loss'] = dict(type='SmoothL1Loss', **weighted)
    if head['type'] == 'DSNTHead':
        kinds = ('SmoothL1Loss', 'JSDiscretLoss')
        losses = [dict(type=kind, **weighted) for kind in kinds]
        head['loss'] = dict(type='MultipleLossWrapper', losses=losses)
    model = toys.distilled(
        distillation=None,
        neck=None,
        head=head,
        train_cfg=dict(compute_acc=name != 'udp_combined'),
        **changes,
    )
    torch.manual_seed(0)
    feat = torch.randn(2, heads.CHANNELS, 16, 12, requires_grad=True)
    lower = torch.randn(2, heads.CHANNELS // 2, 32, 24)  # of a neck's two
    feats = dict(
        hourglass=[feat] * 2, mspn=[[feat] * 2], rtmw=(lower, feat)
    ).get(name, (feat,))
    model.extract_feat = lambda inputs: feats
    return model, feat


def labelled(model, weights=1.0, missing=None):
    """Samples whose keypoints lie where no codec rounds, and that place.

    Both coordinates of one are ``missing``, if that is a number.
    """
    codec = codec_of(model.head)
    # Megvii's rounds down to the cell, the others to the nearest.
    shift = 2 if 'Megvii' in type(codec).__name__ else 0
    scale = getattr(codec, 'scale_factor', 4)
    pixels = CELLS.double() * torch.as_tensor(scale) + shift
    samples, visible = [], np.ones((1, 3))
    for keypoints in pixels.clone():
        if missing is not None:
            visible[0, 1], keypoints[1] = 0, missing
        encoded = heads.targets(model.head, keypoints.numpy()[None], visible)
        maps = encoded.pop('heatmaps', None)
        encoded['keypoint_weights'] = weights * torch.tensor(visible)
        sample = PoseDataSample()
        if maps is not None:
            own = maps[0].float()
            sample.gt_fields = PixelData(heatmaps=own)
            if type(model.head).__name__ == 'MSPNHead':
                sample.gt_fields = MultilevelPixelData(heatmaps=[own])
                encoded['keypoint_weights'] = encoded['keypoint_weights'][None]
        labels = {k: v.float() for k, v in encoded.items()}
        sample.gt_instance_labels = InstanceData(**labels)
        samples.append(sample)
    return samples, (pixels / SIZE).float()


def perfect_teacher(coords, heights=1.0):
    maps = SeparableHeatmaps.gaussians(
        HeatmapFrame.msra((12, 16)),
        *(coords, torch.full_like(coords, 2)),
        torch.full(coords.shape[:2], heights),
    )
    return lambda inputs, samples=None: TeacherOutput(maps)


def step(model, coords, samples, heights=1.0):
    model.teacher = perfect_teacher(coords, heights)
    model._is_first_batch = False
    return model.loss(torch.zeros(2, 3, 64, 48), samples)


@pytest.mark.parametrize('name', KINDS)
def test_a_right_teacher_is_as_good_as_labels(name):
    """And one that is unsure teaches nothing."""
    model, feat = student(name)
    (term,) = model.distillation.values()
    assert isinstance(term, TeacherLabelLoss)
    samples, coords = labelled(model)
    losses = step(model, coords, samples)
    own = losses['loss_kpt']
    if name == 'mspn':  # the teacher's labels are those of the last stage
        own = own / 2
    # cv2.GaussianBlur mirrors Megvii's labels at the border.
    rtol = 0.25 if name == 'megvii' else 0.03
    torch.testing.assert_close(
        losses['loss_teacher_labels'], own, rtol=rtol, atol=1e-6
    )
    unsure = step(model, coords, samples, heights=0.29)
    for own, teaches in ((losses, True), (unsure, False)):
        (gradient,) = torch.autograd.grad(own['loss_teacher_labels'], feat)
        assert gradient.any() == teaches


@pytest.mark.parametrize('name', KINDS)
def test_people_without_labels(name):
    """Only the teacher trains, and the same as with labels."""
    model, _ = student(name, keypoint_weighting=dict(unlabelled=True))
    values = []
    for weight in (1.0, 0.0):
        samples, coords = labelled(model, weight)
        losses = step(model, coords, samples)
        values.append(losses['loss_teacher_labels'])
    torch.testing.assert_close(*values)
    assert values[0] > 0


@pytest.mark.filterwarnings('ignore:invalid value encountered in cast')
@pytest.mark.parametrize('name', KINDS)
def test_labels_that_are_nan(name):
    """As some tools write them where nothing is labelled."""
    model, feat = student(name)
    if 'dsnt' in name:  # or its gradient is NaN at any weight of 0
        model.head.loss_module.loss_modules[1].use_target_weight = False
    values = []
    for nothing in (0.0, math.nan):
        samples, coords = labelled(model, missing=nothing)
        losses = step(model, coords, samples)
        values.append(losses['loss_kpt'])
        values += torch.autograd.grad(values[-1], feat)
    torch.testing.assert_close(values[:2], values[2:])


@pytest.mark.parametrize('moved, said', [(0, 'within 0.'), (9, 'than 9 pix')])
@pytest.mark.parametrize('name', KINDS)
def test_a_teacher_far_from_the_labels_is_reported(name, moved, said, log):
    model, _ = student(name)
    samples, coords = labelled(model)
    teacher = perfect_teacher(coords + moved / SIZE / math.sqrt(2))
    given = DistillationStep(None, teacher(None), keypoint_weights(samples))
    check_first_batch(model, given, samples, {})
    assert said in log.text


def test_terms_by_the_head():
    """The paper's for our head; what is named is what is trained."""
    ours = toys.distilled(distillation=None)
    assert [*ours.distillation] == [*toys.TERMS]
    none = toys.distilled(distillation={})
    assert not none.distillation
