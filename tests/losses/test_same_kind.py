"""Logits against logits, and heatmaps against heatmaps."""

import pytest
import torch
from torch.utils._pytree import tree_map

from distilpose import HeatmapDistillationLoss, RowDistillationLoss
from distilpose.heads.heatmaps import heatmaps_of
from distilpose.heatmaps.forms import DenseHeatmaps, SeparableHeatmaps

from .. import toys
from ..teachers import heads
from .learned import learned, taught

SIZE = torch.tensor([48.0, 64.0])
PIXELS = torch.tensor([[[13.3, 21.7], [30.4, 8.9], [22.1, 50.2]]]).double()
ROWS = ('simcc', 'rtmpose', 'rtmw')
DENSE = ('msra', 'dark', 'vipnas', 'udp', 'megvii', 'hourglass', 'mspn')
LOSSES = {
    **dict.fromkeys(ROWS, RowDistillationLoss),
    **dict.fromkeys(DENSE, HeatmapDistillationLoss),
}


def pair(name):
    """A head, its labels at PIXELS, and what it gives if it has them."""
    head = heads.build(name, 3, (48, 64)).double()
    return head, *learned(name, head, PIXELS / SIZE)


def parts(name, batch=1):
    """Free outputs of a student, random."""
    torch.manual_seed(0)
    shapes = ((96,), (128,)) if name in ROWS else ((16, 12),)
    return [
        (torch.randn(batch, 3, *shape).double() / 10).requires_grad_()
        for shape in shapes
    ]


def as_output(name, given):
    """What a head of this kind gives."""
    if name in ROWS:
        return tuple(given)
    return given * 2 if name in ('hourglass', 'mspn') else given[0]


@pytest.mark.parametrize('name', LOSSES)
def test_least_where_a_perfect_teacher_is(name):
    """A free student ends within 0.05 pixels of the truth."""
    head, _, right = pair(name)
    teacher = heatmaps_of(head, right)
    loss, given = LOSSES[name](1e4), parts(name)
    optimizer = torch.optim.LBFGS(
        given, max_iter=500, tolerance_grad=1e-9, tolerance_change=1e-15,
        line_search_fn='strong_wolfe',
    )  # fmt: skip

    def closure():
        optimizer.zero_grad()
        maps = heatmaps_of(head, as_output(name, given))
        value = loss(maps, teacher, torch.ones(1, 3))
        value.backward()
        return value

    optimizer.step(closure)
    found = heatmaps_of(head, as_output(name, given)).coords()
    assert (found * SIZE - PIXELS).norm(dim=-1).max() < 0.05


@pytest.mark.parametrize('name', [*ROWS[1:], *DENSE[:4]])
def test_reduced_as_the_loss_of_labels(name):
    """Two people, weighted, of a teacher that says what the labels say."""
    head, labels, right = pair(name)
    head.loss_module.use_target_weight = True
    given = as_output(name, parts(name, batch=2))
    weights = torch.tensor([[1.0, 0.5, 0.0], [0.3, 0.0, 1.0]]).double()
    right = tree_map(lambda x: torch.cat([x, x]), right)
    labels = as_output(name, [torch.cat([x, x]) for x in labels])
    expected = head.loss_module(given, labels, weights)
    maps = [heatmaps_of(head, x) for x in (given, right)]
    value = LOSSES[name](0.7)(*maps, weights)
    torch.testing.assert_close(value, 0.7 * expected, rtol=1e-6, atol=0)


def test_temperature():
    """Written out: means over bins, sums over people, means over keypoints."""
    head, *_ = pair('rtmpose')
    student = parts('rtmpose', 2)
    teacher = [3 * x for x in student]
    weights, expected = torch.rand(2, 3).double(), 0
    for own, other in zip(student, teacher):
        p, q = ((10 * x / 2).softmax(-1) for x in (other, own))
        kl = (p * (p / q).log()).mean(-1)
        expected = expected + (weights * kl).sum() / 3
    maps = [heatmaps_of(head, x) for x in (student, teacher)]
    value = RowDistillationLoss(temperature=2)(*maps, weights)
    torch.testing.assert_close(value, expected)
    with pytest.raises(ValueError, match='temperature is 0, expected'):
        RowDistillationLoss(temperature=0)


@pytest.mark.parametrize('name', ['rtmpose', 'dark'])
@pytest.mark.parametrize('broken', ['student', 'teacher', None])
def test_keypoints_that_do_not_count(name, broken):
    """By weight, or because the teacher's are not finite."""
    head, _, right = pair(name)
    given = parts(name)
    right = [x.clone() for x in (right if name in ROWS else [right])]
    if broken:
        with torch.no_grad():
            for part in given if broken == 'student' else right:
                part[0, 1, ..., 3] = torch.nan
    weights = torch.tensor([[1.0, float(broken == 'teacher'), 1.0]])
    maps = [heatmaps_of(head, as_output(name, x)) for x in (given, right)]
    value = LOSSES[name]()(*maps, weights)
    assert value.isfinite()
    assert taught(value, given) == [[True, False, True]] * len(given)


def test_heatmaps_that_are_drawn():
    """As a stored teacher's are, on the cells of the student."""
    head, *_ = pair('dark')
    own = heatmaps_of(head, parts('dark')[0])
    coords = PIXELS / SIZE
    sigmas, heights = torch.full_like(coords, 2), torch.ones(1, 3)
    drawn = SeparableHeatmaps.gaussians(own.frame, coords, sigmas, heights)
    given = [drawn, DenseHeatmaps(own.frame, drawn.formed())]
    loss, weights = HeatmapDistillationLoss(), torch.ones(1, 3)
    torch.testing.assert_close(*(loss(own, x, weights) for x in given))


@pytest.mark.parametrize('name', ['rtmpose', 'dark'])
def test_teachers_of_other_keypoints(name):
    """The first has no teacher, the others another order."""
    config = toys.teacher(neck=None, head=heads.config(name, 4, (48, 64)))
    model = toys.distilled(
        neck=None,
        head=heads.config(name, 3, (48, 64)),
        distillation=dict(maps=dict(type=LOSSES[name].__name__)),
        teacher=dict(toys.random_teacher(config), keypoints=[None, 3, 1]),
    )
    model.init_weights()
    images = torch.randn(2, 3, 64, 48)
    student, teacher = model.outputs(images)
    own = model.teacher.with_own_keypoints(images).maps
    chosen = own.map(lambda x: x[:, [0, 3, 1]].clone())
    term, weights = model.distillation['maps'], torch.ones(2, 3)
    value = term(student.maps, teacher.maps, weights * teacher.known)
    weights[:, 0] = 0
    torch.testing.assert_close(value, term(student.maps, chosen, weights))
    assert value > 0 and teacher.known.tolist() == [0, 1, 1]
