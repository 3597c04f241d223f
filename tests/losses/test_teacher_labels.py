"""A teacher's keypoints as labels, through each kind of head's own loss."""

import pytest
import torch
from mmpose.models.heads import RegressionHead, RLEHead
from torch import nn
from torch.utils._pytree import tree_map

from distilpose import DistilPoseHead, KeypointPrediction
from distilpose.heads.heatmaps import heatmaps_of
from distilpose.heads.own_loss import HeadOutput, label_loss
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame
from distilpose.heatmaps.functional import simulate_heatmaps
from distilpose.losses.teacher_labels import TeacherLabelLoss

from ..teachers import heads
from .learned import learned, taught

SIZE = torch.tensor([192.0, 256.0])
PIXELS = torch.tensor([[[61.3, 101.7], [120.4, 33.9], [88.1, 200.2]]])
FRAME = HeatmapFrame.msra((48, 64))


def teacher(heights=1.0, pixels=PIXELS):
    """Heatmaps of the paper's width around pixels, of these heights."""
    coords = (pixels / SIZE).double()
    maps = simulate_heatmaps(coords, torch.full_like(coords, 2), FRAME)
    return DenseHeatmaps(FRAME, maps * torch.as_tensor(heights).double())


def right(name, head):
    """What a head gives that has learned the teacher's keypoints."""
    _, output = learned(name, head, (PIXELS / SIZE).double())
    return tree_map(torch.Tensor.requires_grad_, output)


def last(output):
    """The parts of an output that are decoded."""
    if isinstance(output, torch.Tensor):
        return [output]
    return output[-1:] if output[0].shape == output[-1].shape else output[:1]


@pytest.mark.parametrize('name', heads.KINDS)
def test_least_where_the_teacher_is(name):
    """No gradient there, and read as predictions, within 0.05 pixels of it."""
    head = heads.build(name, 3).double()
    output = right(name, head)
    loss, weights = TeacherLabelLoss(), torch.ones(1, 3)

    def value(output):
        return loss(HeadOutput(head, output), teacher(), weights)

    parts = last(output)
    gradients = torch.autograd.grad(value(output), parts)
    for part, gradient in zip(parts, gradients):
        assert gradient.abs().max() < 1e-6 * part.detach().abs().max()
    maps = heatmaps_of(head, output)
    apart = (maps.coords() * SIZE - PIXELS).norm(dim=-1)
    assert apart.max() < 0.05

    # Somewhere else it is greater.
    moved = tree_map(lambda part: part.roll(1, -1), output)
    assert value(moved) > value(output)


@pytest.mark.parametrize('head', [DistilPoseHead, RegressionHead, RLEHead])
def test_heads_of_coordinates(head):
    """Smooth L1 as MMPose's own loss has it; RLE falls towards the teacher."""
    loss = dict(type='SmoothL1Loss', use_target_weight=True)
    if head is RLEHead:
        loss['type'] = 'RLELoss'
    codec = dict(type='RegressionLabel', input_size=(192, 256))
    head = head(8, 3, loss=loss, decoder=codec).double()
    coords = (PIXELS / SIZE).double() + 0.02
    if isinstance(head, RLEHead):
        coords = torch.cat([coords, coords * 0], -1)
    coords.requires_grad_()
    given = coords
    if isinstance(head, DistilPoseHead):
        given = KeypointPrediction(coords, None, None)
    value = TeacherLabelLoss()(
        HeadOutput(head, given), teacher(), torch.ones(1, 3)
    )
    (gradient,) = torch.autograd.grad(value, coords)
    assert (gradient[..., :2] > 0).all()
    if not isinstance(head, RLEHead):
        torch.testing.assert_close(
            value, torch.tensor(0.5 * 0.02**2).double(), rtol=1e-3, atol=0
        )


def rows(**loss):
    config = heads.config('rtmpose', 3)
    config['loss'] = dict(config['loss'], **loss)
    head = heads.MODELS.build(config).double()
    torch.manual_seed(0)
    given = [torch.randn(1, 3, n).double() / 10 for n in (384, 512)]
    return head, [x.requires_grad_() for x in given]


@pytest.mark.parametrize('heights, pixels, weights', [
    ([1.0, 0.29, 1.0], PIXELS, [1, 1, 1]),  # unsure of it
    ([1.0, torch.nan, 1.0], PIXELS, [1, 1, 1]),
    (1.0, PIXELS * torch.tensor([[[1], [-1], [1]]]), [1, 1, 1]),  # outside
    (1.0, PIXELS, [1, 0, 1]),
])  # fmt: skip
@pytest.mark.parametrize('weighted', [True, False])
def test_keypoints_that_do_not_count(weighted, heights, pixels, weights):
    """Not even where the head's loss ignores weights."""
    head, given = rows(use_target_weight=weighted)
    heights = torch.as_tensor(heights)
    maps = teacher(heights.reshape(-1, 1, 1), pixels)
    weights = torch.tensor([weights]).float()
    value = TeacherLabelLoss()(HeadOutput(head, given), maps, weights)
    assert taught(value, given) == [[True, False, True]] * 2


def test_keypoints_outside_the_input():
    """A teacher that sees more is sure of them, but no label can be there."""
    frame = HeatmapFrame((48, 64), (24.0, 32.0), (12.0, 16.0))
    coords = torch.tensor([[[0.3, 0.4], [-0.2, 0.5], [0.5, 1.2]]]).double()
    sigmas = torch.full_like(coords, 2)
    maps = DenseHeatmaps(frame, simulate_heatmaps(coords, sigmas, frame))
    assert (maps.peaks() > 0.8).all()
    head, given = rows()
    value = TeacherLabelLoss()(HeadOutput(head, given), maps, torch.ones(1, 3))
    assert taught(value, given) == [[True, False, False]] * 2


def test_least_confidence():
    head, given = rows()
    for height, least, counts in (
        (0.31, 0.3, True),
        (0.29, 0.3, False),
        (0.29, 0.2, True),
    ):
        loss = TeacherLabelLoss(min_confidence=least)
        output = HeadOutput(head, given)
        value = loss(output, teacher(height), torch.ones(1, 3))
        assert any(map(any, taught(value, given))) == counts
    with pytest.raises(ValueError, match='min_confidence is 30'):
        TeacherLabelLoss(min_confidence=30)


def test_another_head():
    with pytest.raises(TypeError, match='how Linear computes its loss'):
        label_loss(nn.Linear(1, 1), None, (), torch.ones(1, 3))
