"""The teacher's coordinates in the place of labels."""

import torch
from mmpose.models.losses import SmoothL1Loss

from distilpose.distillation import TeacherCoordinateLoss
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps

FRAME = HeatmapFrame((48, 64), (48.0, 64.0))


def maps(coords):
    sigmas = torch.full_like(coords, 2.0)
    return DenseHeatmaps(FRAME, simulate_heatmaps(coords, sigmas, FRAME))


def test_it_is_the_labels_loss_with_the_teachers_coordinates():
    torch.manual_seed(0)
    truth = 0.2 + 0.6 * torch.rand(3, 5, 2)
    coords, weights = torch.rand(3, 5, 2), torch.rand(3, 5)
    loss = TeacherCoordinateLoss(0.5)(coords, maps(truth), weights)
    labels = SmoothL1Loss(use_target_weight=True)
    expected = 0.5 * labels(coords, truth, weights[..., None])
    torch.testing.assert_close(loss, expected, rtol=1e-3, atol=0)


def test_it_pulls_a_student_from_afar():
    truth = torch.full((1, 1, 2), 0.8)
    coords = torch.full((1, 1, 2), 0.2).requires_grad_()
    TeacherCoordinateLoss()(coords, maps(truth), torch.ones(1, 1)).backward()
    torch.testing.assert_close(
        coords.grad, torch.full((1, 1, 2), -0.3), rtol=1e-3, atol=0
    )


def test_broken_heatmaps_and_ignored_keypoints_count_nothing():
    truth = torch.full((1, 3, 2), 0.5)
    broken = maps(truth)
    broken.values[0, 1, 3, 3] = torch.nan
    coords = torch.full((1, 3, 2), 0.3).requires_grad_()
    weights = torch.tensor([[0.0, 1.0, 1.0]])
    TeacherCoordinateLoss()(coords, broken, weights).backward()
    assert (coords.grad[0] != 0).tolist() == [
        *([False, False], [False, False]),
        [True, True],
    ]
