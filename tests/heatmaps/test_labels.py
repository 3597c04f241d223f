"""Labels drawn on the device, against those of MMPose's codecs."""

import numpy as np
import pytest
import torch
from mmpose.codecs import (
    AssociativeEmbedding,
    IntegralRegressionLabel,
    MegviiHeatmap,
    MSRAHeatmap,
    RegressionLabel,
    SimCCLabel,
    UDPHeatmap,
)

from distilpose.heatmaps.labels import draw_labels

SIZE, GRID = (96, 128), (24, 32)
# Each codec, and pixels of the input that it rounds to no other: whole cells,
# in the middle of a cell for Megvii's, which rounds down.
CODECS = {
    'msra': (MSRAHeatmap(SIZE, GRID, 2.0), 4, 0),
    'msra unbiased': (MSRAHeatmap(SIZE, GRID, 2.0, unbiased=True), 1, 0.3),
    'udp': (UDPHeatmap(SIZE, GRID, sigma=2.0), 4, None),
    'udp combined': (UDPHeatmap(SIZE, GRID, 'combined'), 1, 0.3),
    'megvii': (MegviiHeatmap(SIZE, GRID, 11), 4, 2),
    'simcc': (SimCCLabel(SIZE, sigma=6.0), 1, 0.5),
    'rtmpose': (SimCCLabel(SIZE, sigma=(3.5, 4), normalize=False), 1, 0.5),
    'regression': (RegressionLabel(SIZE), 1, 0.3),
    'integral': (IntegralRegressionLabel(SIZE, GRID, 2.0), 4, 0),
}


@pytest.mark.parametrize('name', CODECS)
def test_as_the_codec_draws_them(name):
    """On one keypoint, where the codec's rounding changes nothing."""
    codec, step, shift = CODECS[name]
    cells = np.array([[[7, 11], [16, 20], [12, 9]]])
    pixels = (
        cells * codec.scale_factor  # UDP's cells lie on no whole pixel
        if shift is None
        else cells * float(step) + shift
    )
    pixels = pixels.astype(np.float64)
    encoded = codec.encode(pixels, np.ones((1, 3)))
    drawn = draw_labels(codec, torch.tensor(pixels) / torch.tensor(SIZE))
    names = [k for k in encoded if k != 'keypoint_weights']
    if 'keypoint_labels' in names:  # coordinates come before heatmaps
        names.sort(reverse=True)
    assert len(drawn) == len(names)
    for label, expected in zip(drawn, map(encoded.get, names)):
        expected = torch.as_tensor(expected).reshape(label.shape)
        # MMPose cuts its Gaussians off at three sigma, by 0.0112 of a peak.
        cut = (expected == 0) & (label.double() < 0.012 * label.max())
        torch.testing.assert_close(
            label.double(),
            torch.where(cut, label.double(), expected.double()),
            rtol=1e-3,
            atol=2e-3 * float(expected.abs().max()),
        )
        assert cut.any() or name not in ('msra', 'udp')


def test_a_batch_in_one_go_between_cells():
    codec = SimCCLabel(SIZE, sigma=(3.5, 4.0), normalize=False)
    coords = torch.rand(5, 3, 2, dtype=torch.float64) * 0.5 + 0.25
    rows, columns = draw_labels(codec, coords)
    assert rows.shape == (5, 3, 192) and columns.shape == (5, 3, 256)
    for axis, (profile, n) in enumerate(zip((rows, columns), (192, 256))):
        mean = (profile * torch.arange(n)).sum(-1) / profile.sum(-1)
        torch.testing.assert_close(mean / n, coords[..., axis])


def test_another_codec():
    codec = AssociativeEmbedding(SIZE, GRID)
    with pytest.raises(TypeError, match='AssociativeEmbedding is no codec'):
        draw_labels(codec, torch.rand(1, 2, 2))
