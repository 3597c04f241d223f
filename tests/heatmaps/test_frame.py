"""Where codecs put a point, and what reads a drawn heatmap there.

That heatmaps fit best at the true keypoint is in tests/teachers/test_heads.py.
"""

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
from distilpose.heatmaps.functional import read_heatmaps, simulate_heatmaps

INPUT, SIZE = (192, 256), (48, 64)


def test_paper_reads_and_draws_at_other_cells():
    """docs/method.md says why: as in the original release."""
    frame = HeatmapFrame.msra((12, 16))
    assert frame.cells(torch.tensor([1.0, 1.0])).tolist() == [12, 16]
    assert frame.reading_cells(torch.tensor([1.0, 1.0])).tolist() == [11, 15]
    codec = MSRAHeatmap(INPUT, SIZE, 2)
    assert heatmap_frame(codec) == HeatmapFrame.msra(SIZE)


@pytest.mark.parametrize(
    'codec', [UDPHeatmap(INPUT, SIZE), MegviiHeatmap(INPUT, SIZE, 11)]
)
def test_other_frames_read_where_they_draw(codec):
    frame = heatmap_frame(codec)
    coords = torch.rand(1, 9, 2, generator=torch.manual_seed(0))
    coords = torch.cat([coords, torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])], 1)
    drawn = simulate_heatmaps(coords, torch.ones_like(coords), frame)
    read = read_heatmaps(drawn, coords, frame)
    torch.testing.assert_close(
        read.squeeze(-1), drawn.flatten(2).amax(-1), rtol=1e-4, atol=1e-4
    )
    maps = DenseHeatmaps(frame, drawn)
    assert KeypointScoreLoss(1.0)(read, coords, maps, torch.ones(1, 11)) == 0


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
