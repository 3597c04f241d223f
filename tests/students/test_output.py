"""Adapters, what terms are handed, and that a head runs once a step."""

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS
from torch import nn

from distilpose.distillation.step import DistillationStep
from distilpose.heads.heatmaps import heatmaps_of
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.students.output import StudentOutput, student_output
from distilpose.teachers.output import TeacherOutput

from .. import toys

FRAME = HeatmapFrame.msra(toys.HEATMAP_SIZE)


@MODELS.register_module()
class MeanDistance(nn.Module):
    needs = ('student.coords', 'keypoint_weights')

    def forward(self, coords, weights):
        assert weights.shape == coords.shape[:2]
        return (coords - 0.5).abs().mean()


@pytest.mark.parametrize('kind', toys.students())
def test_every_kind_of_student_imitates_heatmaps(kind):
    changes = toys.students()[kind]
    if kind in ('tokens', 'pooled', 'timm'):
        changes['head'] = dict(changes.get('head', {}), scores=False)
    term = dict(type='SimulatedHeatmapLoss', loss_weight=9)
    model = toys.distilled(
        distillation=dict(simulated_heatmaps=term), **changes
    )
    model.init_weights()
    inputs, data = toys.batch(model)
    losses = model.loss(inputs, data)
    student, _ = model.outputs(inputs)
    assert student.coords.shape == student.sigmas.shape == (2, toys.K, 2)
    assert student.scores is None
    # Those of the paper's teacher, where a head predicts none.
    fixed = kind in ('regression', 'integral', 'dsnt')
    assert ((student.sigmas == 2).all()) == fixed
    model.parse_losses(losses)[0].backward()
    assert losses['loss_simulated_heatmaps'] > 0 and 'loss_kpt' in losses
    assert student.sigmas.isfinite().all() and (student.sigmas > 0).all()


def test_the_scale_of_a_laplace_distribution_becomes_a_sigma():
    """The standard deviation of errors that RLEHead expects, in pixels."""
    model = toys.build(toys.student(**toys.students()['rle']))
    scale = torch.tensor([0.1, 0.05])  # of 48 x 64 pixels
    output = torch.cat([torch.zeros(1, 1, 2), scale.logit()[None, None]], -1)
    errors = torch.distributions.Laplace(0, scale * torch.tensor([48, 64.0]))
    torch.testing.assert_close(
        4 * student_output(model.head, output).sigmas[0, 0], errors.stddev
    )


def test_a_head_that_is_no_student():
    with pytest.raises(TypeError, match='Linear cannot be the head of a stud'):
        student_output(nn.Linear(1, 1), None)


@pytest.mark.parametrize('value', [np.nan, np.inf])
@pytest.mark.parametrize('kind', ['tokens', 'regression', 'rle'])
def test_what_is_not_labelled_may_hold_anything(kind, value):
    """As pandas writes it; the weight of 0 does not take NaN away."""
    model = toys.distilled(
        **toys.students()[kind],
        distillation=dict(distance=dict(type='MeanDistance')),
    )
    inputs, data = toys.batch(model)
    labels = data[0].gt_instance_labels
    labels.keypoint_weights[0, 2] = 0
    labels.keypoint_labels[0, 2] = 0
    expected = model.loss(inputs, data)
    labels.keypoint_labels[0, 2] = value
    losses = model.loss(inputs, data)
    assert losses['loss_kpt'] == expected['loss_kpt']
    assert losses['loss_kpt'].isfinite() and losses['loss_kpt'] != 0
    assert losses['acc_pose'] == expected['acc_pose']
    model.parse_losses(losses)[0].backward()
    assert all(
        p.grad is None or p.grad.isfinite().all() for p in model.parameters()
    )


def test_another_head_is_added_from_any_file():
    class OwnHead(nn.Module):
        pass

    @student_output.register
    def _(head: OwnHead, output: dict) -> StudentOutput:
        return StudentOutput(output['xy'])

    xy = torch.rand(2, 3, 2)
    assert student_output(OwnHead(), dict(xy=xy)).coords is xy
    with pytest.raises(TypeError, match='OwnHead cannot be .* a teacher'):
        heatmaps_of(OwnHead(), dict(xy=xy))


def test_terms_take_what_they_name():
    step = DistillationStep(
        StudentOutput(torch.zeros(1, 2, 2)),
        TeacherOutput(DenseHeatmaps(FRAME, torch.ones(1, 2, 16, 12))),
        torch.ones(1, 2),
    )
    assert step.take('student.coords') is step.student.coords
    assert step.take('teacher.frame') == FRAME
    assert step.take('teacher.heatmaps').shape == (1, 2, 16, 12)
    assert step.take('teacher.tokens.visual') is None
    for path in ('student.speed', 'student.count', 'students'):
        with pytest.raises(ValueError, match=f'"{path}" is no part of'):
            step.take(path)


@MODELS.register_module()
class LearnedDistance(MeanDistance):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))


@MODELS.register_module()
class OneNeed(MeanDistance):
    needs = 'student.coords'


@MODELS.register_module()
class UnknownNeed(MeanDistance):
    needs = ('student.coords', 'student.velocity')


@pytest.mark.parametrize('term, message', [
    ('TokenDistillationLoss', "Add tokens='visual'"),
    ('OneNeed', 'OneNeed does not say what'),
    ('UnknownNeed', '"student.velocity" is no part of'),
    ('SmoothL1Loss', 'SmoothL1Loss does not say what'),
    # A checkpoint would hold them beside the student.
    ('LearnedDistance', r'keeps .*\(factor\)'),
])  # fmt: skip
def test_terms_that_cannot_be_used(term, message):
    changes = dict(
        distillation=dict(mine=dict(type=term)),
        head=dict(scores=False, sigmas=False),
    )
    with pytest.raises(ValueError, match=f'mine.*{message}'):
        toys.distilled(**changes).init_weights()


def test_head_runs_once_a_step():
    model = toys.distilled()
    runs = []
    model.head.mlp.register_forward_hook(lambda *_: runs.append(1))
    model.loss(*toys.batch(model))
    model.loss(*toys.batch(model))
    assert len(runs) == 2
    assert 'forward' not in vars(model.head)  # left as it was


def test_a_head_whose_loss_does_not_run_it(monkeypatch):
    """It is run for the terms alone."""
    model = toys.distilled()
    zero = torch.zeros((), requires_grad=True)
    monkeypatch.setattr(
        model.head, 'loss', lambda *_, **__: dict(loss_own=zero)
    )
    losses = model.loss(*toys.batch(model))
    assert losses['loss_own'] is zero and losses['loss_scores'] > 0


def test_head_is_left_as_it_was_by_an_error():
    model = toys.distilled()
    model.head.forward = wrapped = model.head.forward
    inputs, data = toys.batch(model)
    for sample in data:
        sample.gt_instance_labels.keypoint_labels = torch.zeros(1, 3, 2)
        sample.gt_instance_labels.keypoint_weights = torch.zeros(1, 3)
    with pytest.raises(ValueError, match='labels of shape'):
        model.loss(inputs, data)
    assert model.head.forward is wrapped
