"""Decoding in tensors, against MMPose's codecs."""

import numpy as np
import pytest
import torch
from mmpose.codecs import RegressionLabel, SimCCLabel

from distilpose.deploy.decode import decode
from distilpose.heatmaps.labels import draw_labels

from ..heatmaps.codecs import CODECS, SIZE


def noisy(codec, coords, noise):
    """What a head may give: labels, noise, a second peak."""
    rng = torch.Generator().manual_seed(0)
    labels = draw_labels(codec, coords)
    others = draw_labels(codec, coords.roll(1, 1))
    return [
        a
        + 0.5 * b * (codec is not CODECS['udp combined'])
        + noise * a.abs().max() * torch.randn(a.shape, generator=rng)
        for a, b in zip(labels, others)
    ]


@pytest.mark.parametrize('noise', [0.0, 0.02])
@pytest.mark.parametrize('name', CODECS)
def test_as_the_codec_decodes(name, noise):
    """All over the input, its border included."""
    codec = CODECS[name]
    x, y = torch.meshgrid(
        torch.linspace(0, 0.995, 13),
        torch.linspace(0, 0.995, 11),
        indexing='ij',
    )
    coords = torch.stack([x, y], -1).reshape(11, 13, 2)
    maps = noisy(codec, coords, noise)
    found, scores = decode(codec, *maps)
    single = slice(None) if isinstance(codec, SimCCLabel) else 0
    expected = [
        codec.decode(*(m[i : i + 1].numpy()[single] for m in maps))
        for i in range(11)
    ]
    points = np.concatenate([np.reshape(p, (1, 13, 2)) for p, _ in expected])
    heights = np.concatenate([np.reshape(s, (1, 13)) for _, s in expected])
    np.testing.assert_allclose(found, points, atol=2e-3)
    np.testing.assert_allclose(scores, heights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('name', sorted(CODECS.keys() - {'udp', 'rtmpose'}))
def test_nothing_above_zero(name):
    """MMPose says cell -1; it refines even that for the two left out."""
    codec = CODECS[name]
    maps = [m[:1] * 0 - 1 for m in draw_labels(codec, torch.rand(1, 2, 2))]
    if name == 'udp combined':
        maps[0][:, [1, 2, 4, 5]] = 0
    found, scores = decode(codec, *maps)
    points, heights = codec.decode(*(m[0].numpy() for m in maps))
    np.testing.assert_allclose(found[0], points.reshape(2, 2), atol=1e-5)
    np.testing.assert_allclose(scores[0], heights.reshape(2), atol=1e-5)


def test_another_codec():
    with pytest.raises(TypeError, match='how RegressionLabel decodes'):
        decode(RegressionLabel(SIZE), torch.rand(1, 2, 2))
