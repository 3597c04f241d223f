"""A head of any kind that is right teaches its student the true position.

Its output is made of its codec's own targets; what is checked is where
SimulatedHeatmapLoss is least.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distilpose.heads.heatmaps import heatmaps_of
from distilpose.heatmaps.forms import SeparableHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame, codec_of, heatmap_frame

from .heads import CHANNELS, KINDS, ToyNeck, best_fit, build, perfect, targets

INPUT = (192, 256)
ROUNDING = [name for name, kind in KINDS.items() if kind.finest]
EXACT = [name for name, kind in KINDS.items() if kind.finest < 1]


def head_and_output(name, keypoints):
    head = build(name, keypoints.shape[1])
    return head, perfect(name, head, keypoints)


def points(finest=0.0):
    """Keypoints all over the input, (1, K, 2), pixels."""
    rng = np.random.default_rng(0)
    inside = rng.uniform(0.02, 0.98, (15, 2)) * INPUT
    edges = [[0, 0], [191, 255], [191, 0], [0, 255], [96, 255]]
    keypoints = np.concatenate([inside, edges])[None]
    return np.round(keypoints / finest) * finest if finest else keypoints


@pytest.mark.parametrize('name', EXACT)
def test_least_at_the_true_keypoint(name):
    keypoints = points(KINDS[name].finest)
    head, output = head_and_output(name, keypoints)
    maps = heatmaps_of(head, output)
    assert maps.shape[:2] == keypoints.shape[:2]
    found, sigmas = best_fit(maps, INPUT)
    assert np.abs(found - keypoints).max() < 0.05
    assert np.abs(sigmas / expected_sigmas(head) - 1).max() < 0.05
    peaks = maps.peaks()
    assert peaks.median() == pytest.approx(1, abs=0.05) and peaks.max() < 1.001


def test_taking_udp_for_msra_is_off_by_pixels():
    """Or else the test above could not fail: 2.4 px on average."""
    keypoints = points()
    maps = heatmaps_of(*head_and_output('udp', keypoints))
    wrong = replace(maps, frame=HeatmapFrame.msra((48, 64)))
    found, _ = best_fit(wrong, INPUT)
    error = np.abs(found - keypoints)
    assert 1 < error.mean() < 3 and error.max() > 2.5


def expected_sigmas(head):
    """Those of the codec, pixels of a heatmap at stride 4."""
    codec = codec_of(head)
    codec = getattr(codec, 'heatmap_codec', codec)
    if hasattr(codec, 'simcc_split_ratio'):
        return codec.sigma / codec.simcc_split_ratio / 4
    return codec.sigma * codec.scale_factor / 4


@pytest.mark.parametrize('name', ROUNDING)
def test_right_on_average_where_the_codec_rounds(name):
    """Over all fractions of a cell, away from the border."""
    finest = KINDS[name].finest
    steps = (np.arange(64) + 0.5) / 64 * 4 * finest + 90
    keypoints = np.stack([steps, steps], 1)[None]
    maps = heatmaps_of(*head_and_output(name, keypoints))
    assert maps.peaks().max() == pytest.approx(1, abs=1e-3)
    found, _ = best_fit(maps, INPUT)
    error = found - keypoints
    assert 0.45 < np.abs(error).max() / finest < 0.5
    assert np.abs(error.mean((0, 1))).max() < 0.05


@pytest.mark.parametrize('name', ['simcc', 'rtmpose', 'rtmw', 'dsnt'])
def test_perfect_heads_have_learned_all_that_their_loss_asks_for(name):
    """Or else the tests above would be about outputs that no head gives."""
    keypoints = points()[:, 3:7]
    head, output = head_and_output(name, keypoints)
    wanted = targets(head, keypoints)
    weights = wanted.pop('keypoint_weights')
    labels = [*wanted.values()]
    if name == 'simcc':  # its Gaussians are not normalized at the border
        labels = [label / label.sum(-1, keepdim=True) for label in labels]

    def loss(given):
        values = head.loss_module([*given], labels, weights)
        return float(sum(values) if isinstance(values, list) else values)

    assert loss(output) < 1e-5 < 1e-3 < loss([o.roll(1, 1) for o in output])


@pytest.mark.parametrize('name', ['simcc', 'rtmpose', 'rtmw'])
def test_confidence_of_profiles_is_the_smaller_maximum(name):
    head, (x, y) = head_and_output(name, np.array([[[50.0, 80.0]]]))
    # Half as high a Gaussian as was learned, in y alone.
    if head.loss_module.label_softmax:
        y = y * 0.5 + 11
    else:
        y = (0.5 * y.softmax(-1) + 0.5 / y.shape[-1]).log()
    maps = heatmaps_of(head, (x, y))
    assert isinstance(maps, SeparableHeatmaps)
    assert maps.peaks().item() == pytest.approx(0.5, abs=0.03)
    assert maps.columns.max().item() == pytest.approx(1)
    # No teacher is surer than sure.
    assert heatmaps_of(head, (2 * x, 2 * x[..., :1] + 2 * y)).peaks() <= 1


def test_mmpose_takes_the_same_confidence():
    """Its score of an RTMPose head, whose background is at 0."""
    head, (x, y) = head_and_output('rtmpose', points(0.5)[:, :3])
    factors = torch.tensor([[[0.9], [0.6], [0.2]]])
    x, y = (x - 0.7) * factors, (y + 3) * 0.8
    (instances,) = head.decode((x, y))
    np.testing.assert_allclose(
        heatmaps_of(head, (x, y)).peaks(), instances.keypoint_scores,
        atol=1e-6, rtol=0,
    )  # fmt: skip


def test_rows_that_say_nothing_or_little():
    """However low, a keypoint is no lower than its rows."""
    head, (x, y) = head_and_output('rtmpose', np.array([[[50.0, 80.0]]]))
    peak = heatmaps_of(head, (x * 1e-4, y * 1e-4)).peaks().item()
    assert peak == pytest.approx(1e-4, rel=1e-3)
    maps = heatmaps_of(head, (torch.ones(1, 1, 384), torch.ones(1, 1, 512)))
    assert maps.peaks().eq(0).all() and maps.formed().eq(0).all()


@pytest.mark.parametrize('name, given', [
    ('visibility', [0.3, 1]), ('visibility_logits', [-0.847298, 99])
])  # fmt: skip
def test_visibility_is_the_height(name, given):
    head, (maps, _) = head_and_output(name, np.array([[[48.0, 80], [96, 80]]]))
    peaks = heatmaps_of(head, (maps, torch.tensor([given]).float())).peaks()
    assert peaks.flatten().tolist() == pytest.approx([0.3, 1], abs=1e-3)


def test_a_disc_is_as_high_as_it_is_sure():
    head, maps = head_and_output('udp_combined', points()[:, :3])
    maps = maps.clone()
    maps[:, 3] *= 0.4
    maps[:, 6] *= 2  # no teacher is surer than sure
    peaks = heatmaps_of(head, maps).peaks().flatten()
    assert 0.93 < peaks[0] <= 1 and 0.37 < peaks[1] <= 0.4
    assert 0.9 < peaks[2] <= 1


def test_heights_of_heatmaps_through_a_softmax():
    """None is higher than 1, and what is spread out is low."""
    maps = torch.full((1, 2, 64, 48), 1 / (64 * 48))
    maps[0, 0] = 0
    maps[0, 0, 30, 20] = 1
    peaks = heatmaps_of(build('dsnt', 2), (None, maps)).peaks().flatten()
    assert peaks[0] == 1 and peaks[1] < 0.01


def test_the_offsets_are_read_in_the_middle_of_a_disc():
    """On its rim, where a cell may be the highest, they are poor."""
    head, maps = head_and_output('udp_combined', np.array([[[96.0, 128.0]]]))
    maps = maps.clone()
    rim = (maps[:, 1].square() + maps[:, 2].square() > 0.5) & (maps[:, 0] > 0)
    assert rim.any()
    maps[:, 0][rim] = 1.02
    maps[:, 1][rim] += 0.3
    found = heatmaps_of(head, maps).coords() * torch.tensor(INPUT)
    assert np.abs(found.numpy() - [96.0, 128.0]).max() < 0.05


@pytest.mark.parametrize('name', KINDS)
def test_heads_give_what_their_adapters_take(name):
    """Run on features, in the sizes that their codecs say."""
    head, grid = build(name, 5).eval(), KINDS[name].stride
    w, h = INPUT[0] // grid, INPUT[1] // grid
    given = ToyNeck(name)((torch.randn(2, CHANNELS, h, w),))
    with torch.inference_mode():
        maps = heatmaps_of(head, head(given))
    assert maps.frame == heatmap_frame(codec_of(head))
    assert maps.shape == (2, 5, *maps.frame.size[::-1])
    assert maps.formed().isfinite().all() and maps.peaks().max() > 0


def test_what_is_not_known_to_be_a_heatmap():
    head = build('rtmpose', 2)
    head.loss_module = torch.nn.MSELoss()
    with pytest.raises(TypeError, match='RTMCCHead .* trained by MSELoss'):
        heatmaps_of(head, (torch.ones(1, 2, 384), torch.ones(1, 2, 512)))
    with pytest.raises(TypeError, match='CPMHead .* gives a tuple, expected'):
        heatmaps_of(build('cpm', 2), [(), ()])
