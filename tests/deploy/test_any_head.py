"""Heads of rows and heatmaps in a graph: ties, sigmas, mirror images.

For each kind of head, exported, see tests/students/test_kinds.py.
"""

import pytest
import torch
from mmpose.models.utils.tta import flip_heatmaps, flip_vectors

from distilpose.deploy import export
from distilpose.deploy import student as student_module
from distilpose.deploy.export import ExportError, export_onnx
from distilpose.deploy.maps import map_sigmas, mirrored_maps

from .. import exported, toys
from ..teachers import heads


@pytest.mark.parametrize('fault', ['rounding', 'decoding'])
def test_tied_keypoints_may_move_by_a_bin(fault, tmp_path, monkeypatch):
    """Each bin along x has a twin, which the file gets for the first."""

    def with_twins(state):
        for name in ('weight', 'bias'):
            values = state[f'head.mlp_head_x.{name}']
            values[1::2] = values[::2]

    def deploy_with_fault(model, **options):
        # After what PyTorch gives was asked for.
        deploy(model, **options)
        if fault == 'rounding':
            model.head.mlp_head_x.bias.data[1::2] += 3e-6
        else:
            monkeypatch.setattr(student_module, 'decode', a_bin_below)

    def a_bin_below(codec, *maps):
        coords, scores = decode(codec, *maps)
        return coords + torch.tensor([0, 0.5]), scores

    deploy, decode = export.deploy, student_module.decode
    monkeypatch.setattr(export, 'deploy', deploy_with_fault)
    head = heads.config('simcc', toys.K, toys.INPUT_SIZE)
    student = exported.config(neck=None, head=head)
    checkpoint = exported.checkpoint(tmp_path, student, with_twins)
    arguments = student, checkpoint, tmp_path / 'x.onnx'
    if fault == 'decoding':
        with pytest.raises(ExportError, match='by keypoints 0.5 px'):
            export_onnx(*arguments)
        return
    found = export_onnx(*arguments)
    assert found.coords < 1e-4 and found.scores < 1e-5
    text = '; 40 of 40 keypoints are tied, and moved by up to 0.5 px'
    assert str(found).endswith(text)


def test_sigmas_of_rows_are_the_spread_of_the_truth():
    """Labels of sigma 4.9 and 5.7 bins, around places that scatter by 8."""
    head = heads.build('rtmpose', 1)
    torch.manual_seed(0)
    places = torch.tensor([160.0, 200.0]) + 8 * torch.randn(2000, 2)
    rows = []
    for axis, n in enumerate((384, 512)):
        bins, sigma = torch.arange(n), float(head.decoder.sigma[axis])
        offsets = (bins - places[:, axis, None]) / sigma
        labels = torch.exp(-0.5 * offsets**2)
        # What KLDiscretLoss makes of them: softmax(10 l) = softmax(t).
        rows.append(labels.mean(0)[None, None] / 10 + 0.3)
    sigmas = map_sigmas(head, tuple(rows))
    torch.testing.assert_close(
        sigmas, torch.full((1, 1, 2), 4.0), rtol=0.05, atol=0.0
    )


@pytest.mark.parametrize('shift', [False, True])
def test_mirrored_maps(shift):
    """As MMPose turns them round; offsets along x change their sign."""
    torch.manual_seed(0)
    flips, maps = [0, 2, 1], torch.randn(2, 3, 16, 12)
    options = dict(shift_heatmap=shift)
    (found,) = mirrored_maps((maps,), flips, options)
    expected = flip_heatmaps(maps.clone(), flip_indices=flips, **options)
    torch.testing.assert_close(found, expected)
    maps = torch.randn(2, 9, 16, 12)
    (found,) = mirrored_maps((maps,), flips, dict(flip_mode='udp_combined'))
    torch.testing.assert_close(found[:, 3:6:2], maps.flip(-1)[:, 6:9:2])
    torch.testing.assert_close(found[:, 4], -maps.flip(-1)[:, 7])
    rows = torch.randn(2, 3, 48), torch.randn(2, 3, 64)
    found = mirrored_maps(rows, flips, options)
    torch.testing.assert_close(found, flip_vectors(*rows, flips))
