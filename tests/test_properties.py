"""Losses and heads stay finite, whatever they are given."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distilpose import (
    KeypointScoreLoss,
    PeakedHeatmapLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)

from . import toys

SIZE = 3, 4  # h, w
UNSOUND = math.nan, math.inf, -math.inf

extreme = st.one_of(
    st.sampled_from([0.0, 1.0, 0.5, 1e-38, 1 - 2**-24]),
    st.floats(0, 1, width=32),
)
sigma = st.one_of(
    st.sampled_from([0.0, 1e-38, 1e-2, 1e4]), st.floats(0, 1e4, width=32)
)
value = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 1e4, *UNSOUND]),
    st.floats(-2, 2, width=32),
)
weight = st.sampled_from([0.0, 1.0, 0.5])


def tensor(values, *shape):
    """A strategy of tensors."""
    number = math.prod(shape)
    return st.lists(values, min_size=number, max_size=number).map(
        lambda drawn: torch.tensor(drawn, dtype=torch.float32).reshape(shape)
    )


case = st.integers(1, 3).flatmap(
    lambda k: st.tuples(
        tensor(extreme, 2, k, 2),
        tensor(sigma, 2, k, 2),
        tensor(st.floats(-100, 100, width=32), 2, k, 1),
        tensor(value, 2, k, *SIZE),
        tensor(weight, 2, k),
    )
)


def assert_finite(loss, *inputs, least=0.0):
    assert torch.isfinite(loss) and loss >= least
    loss.backward()
    for x in inputs:
        assert x.grad is None or torch.isfinite(x.grad).all()


@settings(max_examples=150, deadline=None)
@given(case)
def test_heatmap_losses_are_finite(drawn):
    """NaN in the teacher, coordinates at the edge, sigmas of 0 and 1e4."""
    coords, sigmas, scores, heatmaps, weights = drawn
    for x in (coords, sigmas, scores):
        x.requires_grad_()
    loss = SimulatedHeatmapLoss()(coords, sigmas, heatmaps, weights)
    # The closed form may round to just below 0.
    scale = heatmaps.nan_to_num(0, 0, 0).square().sum().item() + 1
    assert_finite(loss, coords, sigmas, least=-1e-5 * scale)
    loss = KeypointScoreLoss()(scores, coords, heatmaps, weights)
    assert_finite(loss, coords, scores)


@settings(max_examples=80, deadline=None)
@given(case)
def test_unsound_heatmaps_count_for_nothing(drawn):
    """As if their keypoints were invisible, for others' gradients, too."""
    coords, sigmas, _, heatmaps, weights = drawn
    sound = heatmaps.isfinite().flatten(2).all(-1)
    clean = torch.where(sound[..., None, None], heatmaps, 0.0)
    found = []
    for maps, shown in ((heatmaps, weights), (clean, weights * sound)):
        own = [x.clone().requires_grad_() for x in (coords, sigmas)]
        loss = SimulatedHeatmapLoss()(*own, maps, shown)
        loss.backward()
        found.append((loss.detach(), *(x.grad for x in own)))
    torch.testing.assert_close(*found)


@settings(max_examples=80, deadline=None)
@given(tensor(st.floats(-1e3, 1e3, width=32), 2, 3, 4), tensor(value, 2, 3, 4))
def test_token_loss_is_finite(student, teacher):
    student.requires_grad_()
    assert_finite(TokenDistillationLoss()(student, teacher), student)


@settings(max_examples=80, deadline=None)
@given(
    tensor(st.floats(-100, 100, width=32), 2, 2, *SIZE),
    tensor(extreme, 2, 2, *SIZE),
    tensor(weight, 2, 2),
)
def test_peaked_heatmap_loss_is_finite(output, target, weights):
    output.requires_grad_()
    assert_finite(PeakedHeatmapLoss()(output, target, weights), output)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1e6), st.booleans())
def test_student_and_its_gradients_are_finite(seed, scale, visible):
    """Tokens of any size into the head; none or all keypoints visible."""
    torch.manual_seed(seed)
    model = toys.build(toys.student())
    tokens = scale * torch.randn(2, toys.K, 16)
    _, data = toys.batch(model)
    for sample in data:
        sample.gt_instance_labels.keypoint_weights.fill_(float(visible))
    prediction = model.head((tokens,))
    assert (prediction.sigmas >= 0).all()
    losses = model.head.loss((tokens,), data)
    sim = SimulatedHeatmapLoss()(
        prediction.coords,
        prediction.sigmas,
        torch.rand(2, toys.K, *SIZE),
        torch.full((2, toys.K), float(visible)),
    )
    (losses['loss_kpt'] + sim).backward()
    assert losses['loss_kpt'] == 0 or visible
    assert all(torch.isfinite(p.grad).all() for p in model.head.parameters())
