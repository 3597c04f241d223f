"""Each codec's own targets are a teacher that is right about a keypoint: the
simulated heatmap must fit it best at that keypoint."""

import numpy as np
import pytest
import torch
from mmpose.codecs import (
    MegviiHeatmap,
    MSRAHeatmap,
    RegressionLabel,
    SimCCLabel,
    UDPHeatmap,
)

from distilpose.distillation import KeypointScoreLoss
from distilpose.heatmaps.forms import DenseHeatmaps
from distilpose.heatmaps.frame import HeatmapFrame, heatmap_frame
from distilpose.heatmaps.functional import (
    read_heatmaps,
    simulate_heatmaps,
    simulated_heatmap_error,
)

INPUT = (192, 256)
SIZE = (48, 64)
CODECS = dict(
    msra=MSRAHeatmap(INPUT, SIZE, sigma=2, unbiased=True),
    udp=UDPHeatmap(INPUT, SIZE, sigma=2),
    megvii=MegviiHeatmap(INPUT, SIZE, kernel_size=11),
    msra_stride_8=MSRAHeatmap(INPUT, (24, 32), sigma=2, unbiased=True),
    udp_stride_8=UDPHeatmap(INPUT, (24, 32), sigma=2),
)


def points():
    """Keypoints all over the picture, (1, K, 2), pixels of the input."""
    rng = np.random.default_rng(0)
    inside = rng.uniform(0.02, 0.98, (30, 2)) * INPUT
    edges = [[0, 0], [191, 255], [191, 0], [0, 255], [96, 255]]
    return np.concatenate([inside, edges])[None]


def teacher_heatmaps(codec, keypoints):
    """What a perfect teacher gives, (1, K, h, w), of height 1."""
    encoded = codec.encode(keypoints, np.ones(keypoints.shape[:2]))
    heatmaps = torch.from_numpy(encoded['heatmaps'][None]).double()
    return heatmaps / heatmap_frame(codec).height


def best_fit(heatmaps, frame, fit_sigmas=False):
    """Where the error is least, (1, K, 2), pixels of the input, and sigmas.

    All codecs here make Gaussians of 2 cells.
    """
    k = heatmaps.shape[1]
    # From the highest cell on, which is never far.
    top = heatmaps[0].flatten(1).argmax(1)
    cells = torch.stack([top % frame.size[0], top // frame.size[0]], 1)
    scale, offset = map(torch.tensor, (frame.scale, frame.offset))
    coords = ((cells - offset) / scale)[None].double().requires_grad_()
    sigmas = (2 / torch.tensor(frame.sigma_scale).double()).expand(1, k, 2)
    variables = [coords]
    if fit_sigmas:
        sigmas = torch.full((1, k, 2), 1.5).double().requires_grad_()
        variables.append(sigmas)
    optimizer = torch.optim.LBFGS(
        variables, max_iter=300, line_search_fn='strong_wolfe'
    )

    def closure():
        optimizer.zero_grad()
        error = simulated_heatmap_error(coords, sigmas, heatmaps, frame).sum()
        error.backward()
        return error

    optimizer.step(closure)
    return coords.detach() * torch.tensor(INPUT), sigmas.detach()


@pytest.mark.parametrize('name', [name for name in CODECS if name != 'megvii'])
def test_least_at_the_true_keypoint(name):
    codec, keypoints = CODECS[name], points()
    heatmaps = teacher_heatmaps(codec, keypoints)
    assert heatmaps.amax((-2, -1)).median() == pytest.approx(1, abs=0.03)
    found, _ = best_fit(heatmaps, heatmap_frame(codec))
    assert np.abs(found.numpy() - keypoints).max() < 0.05


def test_megvii_is_right_on_average():
    """It rounds down: over all fractions of a cell, away from the border."""
    codec = CODECS['megvii']
    steps = np.arange(64) / 16 + 90
    keypoints = np.stack([steps, steps], 1)[None]
    heatmaps = teacher_heatmaps(codec, keypoints)
    assert heatmaps.amax() == pytest.approx(1)
    found, _ = best_fit(heatmaps, heatmap_frame(codec))
    error = found.numpy() - keypoints
    assert 1.5 < np.abs(error).max() < 2.1  # half a cell
    # A step stands for what lies up to 1/16 of a pixel after it.
    assert np.abs(error.mean((0, 1)) - 1 / 32).max() < 0.05


def test_taking_udp_for_msra_is_off_by_pixels():
    """Or else the test above could not fail: 2.4 px on average."""
    codec, keypoints = CODECS['udp'], points()
    heatmaps = teacher_heatmaps(codec, keypoints)
    found, _ = best_fit(heatmaps, HeatmapFrame.msra(SIZE))
    error = np.abs(found.numpy() - keypoints)
    assert 1 < error.mean() < 3 and error.max() > 2.5


@pytest.mark.parametrize('name', CODECS)
def test_sigmas_are_pixels_of_a_heatmap_at_stride_4(name):
    """A Gaussian of 2 cells is 2 at stride 4, and 4 at stride 8."""
    codec = CODECS[name]
    middle = np.array([[[90.0, 120.0], [100.0, 130.0]]])
    _, sigmas = best_fit(
        teacher_heatmaps(codec, middle), heatmap_frame(codec), fit_sigmas=True
    )
    expected = 4 if 'stride_8' in name else 2
    if 'udp' in name:  # a cell is (W - 1) / (w - 1) pixels
        expected *= (191 / 192) * (24 / 23 if expected == 4 else 48 / 47)
    assert sigmas[..., 0].flatten().tolist() == pytest.approx(
        [expected] * 2, rel=0.02
    )


def test_paper_reads_and_draws_at_other_cells():
    """docs/numerics.md says why: as in the original release."""
    frame = HeatmapFrame.msra((12, 16))
    assert frame.cells(torch.tensor([1.0, 1.0])).tolist() == [12, 16]
    assert frame.reading_cells(torch.tensor([1.0, 1.0])).tolist() == [11, 15]
    assert heatmap_frame(CODECS['msra']) == HeatmapFrame.msra(SIZE)


@pytest.mark.parametrize('name', ['udp', 'megvii'])
def test_other_frames_read_where_they_draw(name):
    frame = heatmap_frame(CODECS[name])
    coords = torch.rand(1, 9, 2, generator=torch.manual_seed(0))
    coords = torch.cat([coords, torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])], 1)
    drawn = simulate_heatmaps(coords, torch.ones_like(coords), frame)
    read = read_heatmaps(drawn, coords, frame)
    torch.testing.assert_close(
        read.squeeze(-1), drawn.flatten(2).amax(-1), rtol=1e-4, atol=1e-4
    )
    scores = read.clone()
    loss = KeypointScoreLoss(1.0)(
        scores, coords, DenseHeatmaps(frame, drawn), torch.ones(1, 11)
    )
    assert loss == 0


@pytest.mark.parametrize(
    'codec, message',
    [
        (RegressionLabel(INPUT), 'RegressionLabel is no codec whose heatmaps'),
        (SimCCLabel(INPUT, smoothing_type='standard'), 'single bins'),
    ],
)
def test_codecs_that_cannot_be_imitated(codec, message):
    with pytest.raises(TypeError, match=message):
        heatmap_frame(codec)
