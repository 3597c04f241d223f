"""A deployed model predicts what it predicted, and can still be exported.

For traces of every kind of student, see tests/students/test_kinds.py.
"""

import copy
import io

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS
from torch import nn

from distilpose.deploy import (
    MicroBatches,
    PointwiseLinear,
    deploy,
    fuse,
    micro_batches,
)
from distilpose.teachers.mmpose_model import MMPoseSource

from .. import toys
from ..models.test_heads import samples


def images(batch):
    torch.manual_seed(1)
    return torch.randn(batch, 3, *toys.INPUT_SIZE[::-1])


class Coordinates(nn.Module):
    """From normalized images to coordinates, as one would export."""

    def __init__(self, for_export, kind='TopdownPoseEstimator'):
        super().__init__()
        self.student = toys.build(toys.student(type=kind)).eval()
        deploy(self.student, for_export)

    def forward(self, images):
        return self.student.head(self.student.extract_feat(images)).coords


def student(**changes):
    """With statistics of its own in every normalization layer."""
    model = toys.build(toys.student(**changes)).eval()
    torch.manual_seed(0)
    return toys.with_statistics(model)


def count(model, kind):
    return sum(type(module) is kind for module in model.modules())


@pytest.mark.parametrize('size', [1, 5])
@pytest.mark.parametrize('for_export', [False, True])
def test_predicts_the_same(size, for_export, monkeypatch):
    """With flip test; of the visual tokens, which nobody reads, none."""
    monkeypatch.setattr(micro_batches, 'MICRO_BATCH_PIXELS', 1)
    model = student()
    expected = model.predict(images(size), samples(size))
    deploy(model, for_export)
    found = model.predict(images(size), samples(size))
    for a, b in zip(expected, found):
        for key in ('keypoints', 'keypoint_scores'):
            old, new = a.pred_instances[key], b.pred_instances[key]
            np.testing.assert_allclose(old, new, rtol=1e-4, atol=1e-4)
    assert count(model, nn.BatchNorm2d) == 0
    assert model.extract_feat(images(size)).visual.shape == (size, 0, 16)


def test_visual_tokens_are_kept():
    """Of a model that is only fused, as a teacher is."""
    model = student()
    expected = model.extract_feat(images(1))
    found = fuse(model).extract_feat(images(1))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_what_runs_here_and_what_is_exported():
    here, exported = deploy(student()), deploy(student(), for_export=True)
    linear = count(exported, nn.Linear)
    assert linear == 10 and count(exported, PointwiseLinear) == 0
    assert count(here, nn.Linear) == 0
    assert count(here, PointwiseLinear) == linear
    switched = student(teacher=toys.random_teacher())
    switched.switch_to_deploy()  # as MMPose calls it
    assert count(switched, nn.Linear) == linear
    assert count(switched, nn.BatchNorm2d) == 0


def test_trace_holds_no_superfluous_permutes():
    """Three: patches to tokens, and queries, keys and values of 2 layers."""
    model = Coordinates(for_export=True)
    traced = torch.jit.trace(model, images(1))
    kinds = [node.kind() for node in traced.inlined_graph.nodes()]
    assert kinds.count('aten::permute') == 3
    assert kinds.count('aten::linear') == 10


@torch.no_grad()
def test_micro_batches_are_not_traced(monkeypatch):
    """Of a model deployed to run here; it would divide other batches alike."""
    monkeypatch.setattr(micro_batches, 'MICRO_BATCH_PIXELS', 1)
    model = Coordinates(for_export=False)
    traced = torch.jit.trace(model, images(5))
    torch.testing.assert_close(traced(images(7)), model(images(7)))


@torch.no_grad()
def test_export_with_a_dynamic_batch():
    export = pytest.importorskip('torch.export')
    if not hasattr(torch.compiler, 'is_exporting'):
        pytest.skip('PyTorch 2.7 tells what is exported')
    model = Coordinates(for_export=True, kind='DistilPoseEstimator').eval()
    shapes = {'images': {0: export.Dim('batch', min=2, max=64)}}
    program = export.export(model, (images(4),), dynamic_shapes=shapes)
    torch.testing.assert_close(program.module()(images(7)), model(images(7)))


@pytest.mark.parametrize('for_export', [False, True])
def test_deployed_models_can_be_copied_and_saved(for_export):
    model = deploy(student(), for_export)
    expected = model(images(3), None, mode='tensor').coords
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    for other in (copy.deepcopy(model), torch.load(file, weights_only=False)):
        found = other(images(3), None, mode='tensor').coords
        assert torch.equal(found, expected)
        if not for_export:  # and runs its own weights
            assert other.extract_feat.model is other


@pytest.mark.parametrize('bias', [True, False])
def test_pointwise_linear_is_linear(bias):
    torch.manual_seed(0)
    linear = nn.Linear(6, 5, bias=bias)
    layer = PointwiseLinear.from_linear(linear)
    assert layer.weight is linear.weight and layer.bias is linear.bias
    for shape in ((6,), (3, 6), (2, 3, 4, 6), (2, 0, 6)):
        x = torch.randn(shape)
        torch.testing.assert_close(layer(x), linear(x))
        with torch.autocast('cpu', dtype=torch.bfloat16):
            assert layer(x).dtype == torch.bfloat16


@pytest.mark.parametrize('height, width, sizes', [
    (96, 64, [16, 4]), (256, 192, [2] * 10), (512, 384, [2] * 10),
])  # fmt: skip
def test_micro_batches_hold_a_number_of_pixels(height, width, sizes):
    """Small images share a piece, large ones come in twos still.

    MSPN's features are lists of lists.
    """

    class Model(nn.Module):
        sizes = []

        def extract_feat(self, x):
            self.sizes.append(len(x))
            return [[x, x + 1], (2 * x,)]

    batch = torch.randn(20, 3, height, width)
    found = MicroBatches(Model())(batch)
    assert Model.sizes == sizes
    (first, second), (third,) = found
    assert isinstance(found[0], list) and isinstance(found[1], tuple)
    assert torch.equal(first, batch) and torch.equal(third, 2 * batch)
    assert torch.equal(second, batch + 1)


@pytest.mark.parametrize(
    'name', ['mobilenetv4_conv_small_035', 'efficientnet_lite0']
)
def test_activations_within_normalization_layers_are_kept(name):
    """timm joins both in one layer, which MMCV takes for normalization."""
    pytest.importorskip('timm')
    model = toys.build(dict(type='TimmBackbone', model_name=name)).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
    with torch.no_grad():
        expected = model(images(2))
        found = fuse(model, for_export=True)(images(2))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert not count(model, nn.BatchNorm2d)


@MODELS.register_module()
class ActivationFirst(nn.Module):
    """Convolution, activation, normalization: no pair to be fused."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, stride=4, padding=1)
        self.act = nn.ReLU()
        self.norm = nn.BatchNorm2d(16)
        nn.init.uniform_(self.norm.running_mean, 0.5, 1)
        nn.init.uniform_(self.norm.running_var, 0.1, 0.2)

    def forward(self, x):
        return (self.norm(self.act(self.conv(x))),)


@pytest.mark.parametrize('way', [fuse, deploy, 'teacher'])
def test_layers_that_are_no_pair_stay_apart(way, log):
    """MMCV would fuse them, and be off by more than 1."""
    config = toys.teacher(backbone=dict(type='ActivationFirst'))
    inputs = images(2)
    model = toys.build(config).eval()
    expected = model(inputs, None, mode='tensor')
    if way == 'teacher':
        torch.manual_seed(0)
        source = MMPoseSource(config, allow_random_weights=True)
        found = source(inputs).heatmaps
    else:
        found = way(model)(inputs, None, mode='tensor')
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert 'TopdownPoseEstimator is not fused' in log.text
    assert 'would differ by' in log.text


def test_images_that_cannot_be_tried(log):
    """A network of another input stays as it is, too."""

    class Wide(nn.Sequential):
        def forward(self, x):
            return super().forward(x.view(1, 3, 8, 8))

    model = Wide(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    fuse(model)
    assert count(model, nn.BatchNorm2d) == 1
    assert 'one image cannot be tried' in log.text
