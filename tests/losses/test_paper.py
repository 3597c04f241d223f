import pytest
import torch
from mmpose.codecs import SimCCLabel
from torch.autograd import gradcheck

from distilpose import (
    KeypointScoreLoss,
    PeakedHeatmapLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from distilpose.heatmaps.forms import SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame, heatmap_frame
from distilpose.heatmaps.functional import (
    read_heatmaps,
    simulate_heatmaps,
    simulated_heatmap_error,
)

B, K, H, W = 2, 3, 16, 12
FRAME = HeatmapFrame.msra((W, H))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def predictions(dtype=torch.float64):
    coords = torch.rand(B, K, 2, dtype=dtype, requires_grad=True)
    sigmas = (torch.rand(B, K, 2, dtype=dtype) * 3 + 0.3).requires_grad_()
    return coords, sigmas


def test_closed_form_equals_drawing():
    """And its gradients, finite differences."""
    coords, sigmas = predictions()
    target = torch.rand(B, K, H, W, dtype=torch.float64)

    def closed(coords, sigmas):
        return simulated_heatmap_error(coords, sigmas, target, FRAME)

    drawn = (simulate_heatmaps(coords, sigmas, FRAME) - target).square()
    torch.testing.assert_close(closed(coords, sigmas), drawn.sum((-2, -1)))
    assert gradcheck(closed, (coords, sigmas))


def test_float32_is_close_to_float64():
    coords, sigmas = predictions()
    target = simulate_heatmaps(coords, sigmas, FRAME).detach()
    target += 0.01 * torch.randn_like(target)
    weights = torch.ones(B, K)
    exact = SimulatedHeatmapLoss()(coords, sigmas, target, weights.double())
    exact.backward()
    c32 = coords.detach().float().requires_grad_()
    loss = SimulatedHeatmapLoss()(c32, sigmas.float(), target.float(), weights)
    loss.backward()
    torch.testing.assert_close(loss.double(), exact, rtol=1e-2, atol=1e-8)
    torch.testing.assert_close(
        c32.grad.double(), coords.grad, rtol=1e-3, atol=1e-7
    )


def test_weights_between_0_and_1():
    """They weigh heatmaps, as the formula reads, and scores."""
    coords, sigmas = predictions()
    target = torch.rand(B, K, H, W, dtype=torch.float64)
    weights = torch.rand(B, K, dtype=torch.float64)
    scores = torch.rand(B, K, 1, dtype=torch.float64)
    given = coords, sigmas, target, weights, scores
    before = [x.clone() for x in given]
    simulated = SimulatedHeatmapLoss(1.0)(coords, sigmas, target, weights)
    simulated.backward()
    loss = KeypointScoreLoss(1.0)(scores, coords, target, weights)
    assert all(map(torch.equal, given, before)), 'changed in place'
    drawn = simulate_heatmaps(coords, sigmas, FRAME)
    error = weights[..., None, None] * (drawn - target)
    torch.testing.assert_close(simulated, error.square().mean())
    error = (scores - read_heatmaps(target, coords, FRAME)).abs().squeeze(-1)
    torch.testing.assert_close(loss, (weights * error).mean())


def test_reading_heatmaps():
    heatmap = 1 + torch.arange(H * W).float().reshape(1, 1, H, W)
    points = torch.tensor([[0, 0], [1, 1], [0.5, 0], [1.01, 0.5], [0.2, -0.1]])
    heatmaps = heatmap.expand(1, len(points), -1, -1)
    values = read_heatmaps(heatmaps, points[None], FRAME)
    # 0.5 * (12 - 1) = 5.5 rounds to the even 6; the last two are outside.
    assert values.flatten().tolist() == [1, H * W, 7, 0, 0]


@pytest.mark.parametrize('pixels, target', [
    (0, 1), (4, 0.882), (6, 0.755), (8, 0.607), (16, 0.135),
])  # fmt: skip
def test_scores_of_a_teacher_of_narrow_rows(pixels, target):
    """RTMPose's Gaussians, of 2.45 pixels, are read as the paper's, of 8."""
    codec = SimCCLabel((192, 256), sigma=(4.9, 5.66), normalize=False)
    frame = heatmap_frame(codec)
    centre = torch.tensor([[[0.5, 0.5]]])
    sigmas, one = torch.full((1, 1, 2), 2.45 / 4), torch.ones(1, 1)
    maps = SeparableHeatmaps.gaussians(frame, centre, sigmas, one)
    coords = centre + torch.tensor([pixels / 192, 0])
    loss = KeypointScoreLoss(1)(torch.zeros(1, 1, 1), coords, maps, one)
    assert loss.item() == pytest.approx(target, abs=1e-3)


def test_peaked_heatmap_loss_by_hand():
    target = torch.tensor([0.0, 0.5, 1.0]).reshape(1, 1, 1, 3)
    output = target + torch.tensor([0.1, 0.2, 0.3])
    given = output, target, torch.ones(1, 1)
    squared = PeakedHeatmapLoss(21, cross_entropy_weight=0)(*given)
    # Weights 1, 11 and 21.
    by_hand = (0.01 * 1 + 0.04 * 11 + 0.09 * 21) / 3
    assert squared.item() == pytest.approx(by_hand, rel=1e-6)
    both = PeakedHeatmapLoss(21, cross_entropy_weight=2, sharpness=5)(*given)
    p, q = ((5 * x).flatten().softmax(0) for x in (target, output))
    divergence = (p * (p / q).log()).sum()
    torch.testing.assert_close(both - squared, 2 * divergence)


def test_peaked_heatmap_loss_is_least_at_the_target():
    target = simulate_heatmaps(*predictions(), FRAME).detach()
    output = target.clone().requires_grad_()
    weights = torch.ones(B, K, dtype=torch.float64)
    loss = PeakedHeatmapLoss()(output, target, weights)
    loss.backward()
    assert abs(loss.item()) < 1e-12 and output.grad.abs().max() < 1e-12


def test_peaked_heatmap_loss_of_targets_that_are_not_labelled():
    """A weight of 0 leaves out whatever stands there."""
    target = simulate_heatmaps(*predictions(), FRAME).detach()
    output = (target + 0.1 * torch.rand_like(target)).requires_grad_()
    weights = torch.ones(B, K, dtype=torch.float64)
    weights[0, 1] = 0
    expected = PeakedHeatmapLoss()(output, target, weights)
    target[0, 1] = float('nan')
    loss = PeakedHeatmapLoss()(output, target, weights)
    loss.backward()
    torch.testing.assert_close(loss, expected)
    assert (output.grad[0, 1] == 0).all() and output.grad[1].abs().min() > 0
    assert output.grad.isfinite().all()


def test_a_broken_token_counts_as_equal():
    """All of it, even where one number is broken; the others count."""
    tokens = torch.zeros(1, 2, 4, requires_grad=True)
    targets = torch.ones(1, 2, 4)
    targets[0, 0, 3] = float('nan')
    loss = TokenDistillationLoss(1.0)(tokens, targets)
    loss.backward()
    assert loss == 4 / 8
    assert tokens.grad.tolist() == [[[0] * 4, [-0.25] * 4]]


@pytest.mark.parametrize('student, teacher', [
    (torch.float16, torch.float32),
    (torch.float32, torch.float64),
    (torch.float64, torch.float32),
])  # fmt: skip
def test_tokens_of_two_types(student, teacher):
    """The gradient is the student's, of the student's type."""
    tokens = torch.randn(B, K, 4, dtype=student, requires_grad=True)
    targets = torch.randn(B, K, 4, dtype=teacher)
    TokenDistillationLoss(1.0)(tokens, targets).backward()
    by_hand = 2 * (tokens.detach().double() - targets.double()) / (B * K * 4)
    torch.testing.assert_close(
        tokens.grad, by_hand.to(student), rtol=1e-3, atol=1e-5
    )


def test_shapes_that_do_not_agree():
    coords, sigmas = predictions()
    target, weights = torch.rand(B, K, H, W), torch.ones(B, K)
    with pytest.raises(ValueError, match=r'coords .* \(2, 3, 2\), expected'):
        SimulatedHeatmapLoss()(coords, sigmas, target[:, :2], weights)
    with pytest.raises(ValueError, match='keypoint_weights'):
        KeypointScoreLoss()(
            torch.rand(B, K, 1), coords, target, weights[..., None]
        )
    with pytest.raises(ValueError, match=r'teacher_tokens .* \(2, 6, 4\)'):
        TokenDistillationLoss()(torch.rand(B, 7, 4), torch.rand(B, 6, 4))
