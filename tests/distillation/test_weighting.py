"""How much a keypoint counts, and how far the student is from its teacher."""

import pytest
import torch

from distilpose.distillation.step import DistillationStep
from distilpose.distillation.weighting import (
    KeypointWeighting,
    keypoint_distances,
    mean_distance,
)
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.students.output import StudentOutput
from distilpose.teachers.output import TeacherOutput

from .. import toys

FRAME = HeatmapFrame.msra((12, 16))
LABELS = torch.tensor([[1.0, 0.0, 1.0]])
COORDS = torch.tensor([[[3, 4], [6, 8], [9, 12]]]) / torch.tensor([12, 16])


def teacher(known=None):
    """It is sure of its keypoints by 0.9, 0.6 and 0.2."""
    heatmaps = simulate_heatmaps(COORDS, torch.ones(1, 3, 2), FRAME)
    heatmaps *= torch.tensor([0.9, 0.6, 0.2])[..., None, None]
    return TeacherOutput(DenseHeatmaps(FRAME, heatmaps), known=known)


@pytest.mark.parametrize('settings, known, expected', [
    (dict(), None, [1, 0, 1]),
    (dict(unlabelled=True), None, [1, 1, 1]),
    (dict(unlabelled=True), torch.tensor([0.0, 1.0, 1.0]), [0, 1, 1]),
    (dict(min_confidence=0.3), None, [1, 0, 0]),
    (dict(unlabelled=True, min_confidence=0.3), None, [1, 1, 0]),
])  # fmt: skip
def test_weights(settings, known, expected):
    weights = KeypointWeighting(**settings)(LABELS, teacher(known))
    assert weights.tolist() == [expected]
    assert LABELS.tolist() == [[1, 0, 1]]  # those of the labels' own loss


def test_confidence_of_exactly_the_limit_counts():
    limit = float(teacher().maps.peaks()[0, 2])
    weights = KeypointWeighting(min_confidence=limit)(LABELS, teacher())
    assert weights.tolist() == [[1, 0, 1]]


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_heatmap_that_is_not_finite_weighs_nothing(value):
    hole = torch.zeros(1, 3, 16, 12)
    hole[0, 0, 2, 2] = value
    broken = teacher()
    broken = broken._replace(maps=broken.maps.map(lambda x: x + hole))
    weights = KeypointWeighting(min_confidence=0.3)(LABELS, broken)
    assert weights.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize('confidence', [-0.1, 1, 50])
def test_impossible_confidence(confidence):
    with pytest.raises(ValueError, match=f'min_confidence is {confidence}'):
        KeypointWeighting(min_confidence=confidence)


def test_the_estimator_takes_the_settings():
    model = toys.distilled(keypoint_weighting=dict(unlabelled=True))
    inputs, data = toys.batch(model)
    for sample in data:
        sample.gt_instance_labels.keypoint_weights[:] = 0
    losses = model.loss(inputs, data)
    assert losses['loss_kpt'] == 0 and losses['loss_simulated_heatmaps'] > 0


def test_distances_are_in_pixels_of_the_input():
    apart = torch.tensor([[[3 / 48, 4 / 64], [0, 0], [0, 0]]])
    step = DistillationStep(StudentOutput(COORDS + apart), teacher(), LABELS)
    distances = keypoint_distances(step, torch.zeros(1, 3, 64, 48))
    torch.testing.assert_close(
        distances, torch.tensor([[5, torch.nan, 0]]),
        equal_nan=True, atol=1e-3, rtol=0,
    )  # fmt: skip
    assert mean_distance(distances) == pytest.approx(2.5, abs=1e-3)
    assert mean_distance(torch.full((2, 3), torch.nan)) == 0
