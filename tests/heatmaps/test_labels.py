"""Labels drawn on the device, against those of MMPose's codecs."""

import numpy as np
import pytest
import torch
from mmpose.codecs import (
    AssociativeEmbedding,
    IntegralRegressionLabel,
    RegressionLabel,
)

from distilpose.heatmaps.labels import draw_labels

from .codecs import CODECS, GRID, SIZE

DRAWN = {
    **CODECS,
    'regression': RegressionLabel(SIZE),
    'integral': IntegralRegressionLabel(SIZE, GRID, 2.0),
}
# The pixels of the input that a codec rounds to no other: a step, and where
# the first is. Whole cells, in the middle of one for Megvii's, which rounds
# down; None for UDP's cells, which lie on no whole pixel.
UNROUNDED = {
    'msra': (4, 0),
    'udp': (4, None),
    'megvii': (4, 2),
    **dict.fromkeys(['simcc', 'rtmpose'], (1, 0.5)),
    'integral': (4, 0),
}


# OpenCV's small kernels are no Gaussians.
@pytest.mark.parametrize(
    'name', sorted(DRAWN.keys() - {'megvii, small kernel'})
)
def test_as_the_codec_draws_them(name):
    """On one keypoint, where the codec's rounding changes nothing."""
    codec = DRAWN[name]
    step, shift = UNROUNDED.get(name, (1, 0.3))
    cells = np.array([[[7, 11], [16, 20], [12, 9]]])
    if shift is None:
        step, shift = codec.scale_factor, 0
    pixels = (cells * step + shift).astype(np.float64)
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
    coords = torch.rand(5, 3, 2, dtype=torch.float64) * 0.5 + 0.25
    rows, columns = draw_labels(CODECS['rtmpose'], coords)
    assert rows.shape == (5, 3, 192) and columns.shape == (5, 3, 256)
    for axis, (profile, n) in enumerate(zip((rows, columns), (192, 256))):
        mean = (profile * torch.arange(n)).sum(-1) / profile.sum(-1)
        torch.testing.assert_close(mean / n, coords[..., axis])


def test_another_codec():
    codec = AssociativeEmbedding(SIZE, GRID)
    with pytest.raises(TypeError, match='labels of AssociativeEmb'):
        draw_labels(codec, torch.rand(1, 2, 2))
