"""A distillation term of a user's own, in a file that the config names."""

import pytest

from . import runs

TERM = '''
import torch
from mmpose.registry import MODELS


@MODELS.register_module(force=True)
class PeakDistanceLoss(torch.nn.Module):
    """From the prediction to the teacher's highest cell, in inputs."""

    needs = ('teacher.heatmaps', 'student.coords', 'teacher.frame')

    def __init__(self, loss_weight=0.5):
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, heatmaps, coords, frame):
        top = heatmaps.flatten(2).argmax(-1)
        peaks = torch.stack([top % frame.size[0], top // frame.size[0]], -1)
        distance = (frame.cells(coords) - peaks).norm(dim=-1)
        return self.loss_weight * distance.mean()
'''


def test_trains_beside_one_of_ours(pictures, tmp_path, monkeypatch):
    """Without a change in the package, and with its weight in the log."""
    (tmp_path / 'peak_distance.py').write_text(TERM)
    monkeypatch.syspath_prepend(tmp_path)
    cfg = runs.config(pictures, tmp_path / 'run')
    cfg.model.distillation = dict(
        peaks=dict(type='PeakDistanceLoss', loss_weight=0.25),
        keypoint_tokens=cfg.model.distillation.keypoint_tokens,
    )
    cfg.model.head.update(sigmas=False, scores=False)
    cfg.custom_imports.imports.append('peak_distance')
    cfg.dump(tmp_path / 'config.py')
    runner = runs.train(cfg.fromfile(tmp_path / 'config.py'))
    logged = runner.message_hub.log_scalars
    value, weight, raw = (
        logged[f'train/{key}'].current()
        for key in ('loss_peaks', 'peaks/weight', 'peaks/unweighted')
    )
    assert weight == 0.25 and value == pytest.approx(0.25 * raw)
    # In cells of 16 x 24: some distance, and no more than there is.
    assert 0.5 < raw < 29
    assert 'train/loss_keypoint_tokens' in logged
    assert 'train/loss_scores' not in logged
