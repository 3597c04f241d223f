"""Losses and gradients equal those of the original release, in float64."""

import numpy as np
import pytest
import torch
from mmpose.models.losses import SmoothL1Loss

from distilpose import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps

from . import reference

RECORDED = reference.recorded('losses.npz')


def given(name: str) -> torch.Tensor:
    return torch.from_numpy(RECORDED[name]).double().requires_grad_()


def assert_equal(actual: torch.Tensor, name: str) -> None:
    reference.assert_equal(actual, RECORDED[name])


@pytest.fixture
def weights():
    # The original repeats the weight for x and y.
    return given('target_weight')[..., 0].detach()


def test_token_loss():
    student, teacher = given('token/student'), given('token/teacher')
    loss = TokenDistillationLoss(loss_weight=5e-4)(student, teacher)
    loss.backward()
    assert_equal(loss, 'token/loss')
    assert_equal(student.grad, 'token/grad')
    assert teacher.grad is None


def test_coordinate_loss(weights):
    coords = given('pred')
    loss = SmoothL1Loss(use_target_weight=True)(
        coords, given('target').detach(), weights[..., None]
    )
    loss.backward()
    assert_equal(loss, 'reg_loss/value')
    assert_equal(coords.grad, 'reg_loss/grad_pred')


def test_simulated_heatmap_loss(weights):
    coords, sigmas = given('pred'), given('sigma')
    heatmaps = given('teacher_heatmap')
    loss = SimulatedHeatmapLoss()(coords, sigmas, heatmaps, weights)
    loss.backward()
    assert_equal(loss, 'reg2hm_loss/value')
    assert_equal(coords.grad, 'reg2hm_loss/grad_pred')
    assert_equal(sigmas.grad, 'reg2hm_loss/grad_sigma')
    assert heatmaps.grad is None


def test_score_loss(weights):
    scores, coords = given('score'), given('pred')
    heatmaps = given('teacher_heatmap')
    loss = KeypointScoreLoss(loss_weight=1e-2)(
        scores, coords, heatmaps, weights
    )
    loss.backward()
    assert_equal(loss, 'score_loss/value')
    assert_equal(scores.grad, 'score_loss/grad_score')
    assert coords.grad is None and heatmaps.grad is None


def test_simulated_heatmaps():
    # Recorded in float32, and only where the weight is not zero.
    drawn = simulate_heatmaps(
        given('pred'), given('sigma'), HeatmapFrame.msra((48, 64))
    )
    visible = RECORDED['simulated_weight'] > 0
    assert 0 < visible.sum() < visible.size
    np.testing.assert_allclose(
        drawn.detach().numpy()[visible],
        RECORDED['simulated_heatmap'][visible],
        rtol=0,
        atol=1e-6,
    )
