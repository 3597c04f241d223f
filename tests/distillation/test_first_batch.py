"""What a wrong teacher looks like in the first batch."""

import logging
import re

import pytest
import torch

from distilpose.distillation.first_batch import check_first_batch
from distilpose.distillation.step import DistillationStep
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.models.distilpose_head import keypoint_weights
from distilpose.teachers.output import TeacherOutput

from .. import toys

FRAME = HeatmapFrame.msra((48, 64))
PAIRS = [0, 2, 1, 4, 3]


def check(change, height=1.0, visible=1):
    """Check a teacher that predicts the labels, changed."""
    model = toys.distilled()
    inputs, data = toys.batch(model, size=8)
    generator = torch.Generator().manual_seed(0)
    for sample in data:
        labels = torch.rand(1, toys.K, 2, generator=generator)
        sample.gt_instance_labels.keypoint_labels = 0.3 + 0.4 * labels
        sample.gt_instance_labels.keypoint_weights[:] = visible
        sample.set_metainfo(dict(flip_indices=PAIRS))
    labels = torch.cat([s.gt_instance_labels.keypoint_labels for s in data])
    coords = change(labels)
    heatmaps = simulate_heatmaps(coords, torch.ones_like(coords), FRAME)
    student, _ = model.outputs(inputs)
    output = TeacherOutput(DenseHeatmaps(FRAME, heatmaps * height))
    step = DistillationStep(student, output, keypoint_weights(data))
    check_first_batch(model, step, data, {})


def warnings(log):
    return [r.message for r in log.records if r.levelno >= logging.WARNING]


def test_a_good_teacher_is_described(log):
    check(lambda labels: labels + 0.01, height=0.8)
    assert not warnings(log)
    assert 'peak at 0.7' in log.text and '100 % of the peaks' in log.text
    assert 'visual_tokens 0.0005' in log.text
    assert 'lie within 0.8 pixels' in log.text


@pytest.mark.parametrize('change, cause', [
    (lambda labels: labels[:, PAIRS], 'left and right exchanged'),
    (lambda labels: 2 * labels - 0.5,
     r'Scaled by (0.50, 0.50) and shifted by (12, 16) pixels'),
    (lambda labels: labels[:, [3, 0, 4, 2, 1]], 'another order, was tr'),
])  # fmt: skip
def test_likely_causes_of_a_large_distance(log, change, cause):
    check(change)
    (warning,) = warnings(log)
    assert 'far from the labels' in warning and cause in warning


@pytest.mark.parametrize('height, text', [
    (0.05, 'peak at 0.046'), (9.0, 'peak at 8.240 .* of another height'),
])  # fmt: skip
def test_peaks_that_cannot_be_right(log, height, text):
    check(lambda labels: labels, height)
    (warning,) = warnings(log)
    assert re.search(text, warning) and 'logits' in warning


def test_peaks_of_invisible_keypoints_are_no_warning(log):
    check(lambda labels: labels, 0.0, visible=0)
    assert not warnings(log) and 'peak' not in log.text


def test_only_the_first_batch_is_looked_at(log):
    model = toys.distilled()
    last = model.teacher.source.model.head.mlp[-1]
    last.weight.data.zero_()
    last.bias.data.zero_()
    for _ in range(2):
        model.loss(*toys.batch(model))
    assert log.text.count('peak at 0.000') == 1


@pytest.mark.parametrize('change, height, number', [
    (0, 0.105, 1), (0, 0.114, 0),  # peaks of 0.096 and 0.104
    (0, 1.60, 0), (0, 1.68, 1),  # 1.47 and 1.54
    (6.2, 1, 0), (6.6, 1, 1),  # pixels, where 64 is the longer side
])  # fmt: skip
def test_limits_of_a_good_teacher(log, change, height, number):
    check(lambda labels: labels + torch.tensor([change / 48, 0]), height)
    assert len(warnings(log)) == number
