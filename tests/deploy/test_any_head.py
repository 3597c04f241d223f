"""Heads of rows and heatmaps, exported and compared with MMPose's predict."""

import numpy as np
import onnx
import pytest
import torch
from mmpose.models.utils.tta import flip_heatmaps, flip_vectors

from distilpose.deploy import export
from distilpose.deploy import student as student_module
from distilpose.deploy.export import ExportError, export_onnx
from distilpose.deploy.maps import map_sigmas, mirrored_maps
from distilpose_runtime import PoseEstimator

from .. import exported, toys
from ..teachers import heads

# Codecs whose crops the runtime makes, by heads that take one feature map.
KINDS = (
    'msra',
    'dark',
    'vipnas',
    'megvii',
    'simcc',
    'rtmpose',
    'udp',
    'udp_combined',
    'visibility',
    'tokenpose',
)


def config(name, **changes):
    if name == 'tokenpose':
        head = toys.teacher()['head']
        head['decoder'] = dict(head['decoder'], unbiased=True)
        return exported.config(head=head, **changes)
    head = heads.config(name, toys.K, toys.INPUT_SIZE)
    mode = dict(flip_mode='udp_combined') if name == 'udp_combined' else {}
    return exported.config(
        neck=None, head=head, test_cfg=dict(flip_test=True, **mode), **changes
    )


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('name', KINDS)
def test_as_mmpose_predicts(name, flip_test, tmp_path):
    """Coordinates, scores; sigmas where the maps' width tells them."""
    if name == 'udp_combined' and flip_test:
        pytest.skip("MMPose's own flip test of it fails in PyTorch 2")
    student = config(name)
    file = tmp_path / 'x.onnx'
    found = export_onnx(
        student,
        exported.checkpoint(tmp_path, student),
        file,
        flip_test=flip_test,
    )
    assert found.coords < 0.05 and found.scores < 1e-3 and found.sigmas < 0.05
    outputs = {
        x.name: [size.dim_value for size in x.type.tensor_type.shape.dim]
        for x in onnx.load(file).graph.output
    }
    assert outputs['coords'] == [0, toys.K, 2]  # only the batch is open
    widths = name not in ('megvii', 'udp_combined')
    assert ('sigmas' in outputs) == widths
    image = np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)
    poses = PoseEstimator(file)(image, [[10, 5, 60, 70], [20, 10, 80, 75]])
    assert poses.keypoints.shape == (2, toys.K, 2)
    assert (poses.sigmas is not None) == widths
    assert len(np.unique(poses.keypoints.round(1), axis=0)) == 2


@pytest.mark.parametrize('fault', ['rounding', 'decoding'])
def test_tied_keypoints_may_move_by_a_bin(fault, tmp_path, monkeypatch):
    """Each bin along x has a twin, which the file gets for the first."""
    student = config('simcc')
    checkpoint = exported.checkpoint(tmp_path, student)
    state = torch.load(checkpoint)
    for name in ('weight', 'bias'):
        values = state['state_dict'][f'head.mlp_head_x.{name}']
        values[1::2] = values[::2]
    torch.save(state, checkpoint)
    decode = student_module.decode

    def deploy_with_fault(model, **options):
        # After what PyTorch gives was asked for.
        export_deploy(model, **options)
        if fault == 'rounding':
            model.head.mlp_head_x.bias.data[1::2] += 3e-6
        else:
            monkeypatch.setattr(student_module, 'decode', a_bin_below)

    def a_bin_below(codec, *maps):
        coords, scores = decode(codec, *maps)
        return coords + torch.tensor([0, 0.5]), scores

    export_deploy = export.deploy
    monkeypatch.setattr(export, 'deploy', deploy_with_fault)
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
        bins = torch.arange(n)
        sigma = float(head.decoder.sigma[axis])
        labels = torch.exp(
            -0.5 * ((bins - places[:, axis, None]) / sigma) ** 2
        )
        # What KLDiscretLoss makes of them: softmax(10 l) = softmax(t).
        rows.append(labels.mean(0)[None, None] / 10 + 0.3)
    sigmas = map_sigmas(head, tuple(rows))
    torch.testing.assert_close(
        sigmas, torch.full((1, 1, 2), 4.0), rtol=0.05, atol=0.0
    )


def test_mirrored_maps():
    """As MMPose turns them round; offsets along x change their sign."""
    torch.manual_seed(0)
    flips, maps = [0, 2, 1], torch.randn(2, 3, 16, 12)
    for shift in (False, True):
        test_cfg = dict(shift_heatmap=shift)
        (found,) = mirrored_maps((maps,), flips, test_cfg)
        expected = flip_heatmaps(
            maps.clone(), flip_indices=flips, shift_heatmap=shift
        )
        torch.testing.assert_close(found, expected)
    maps = torch.randn(2, 9, 16, 12)
    (found,) = mirrored_maps((maps,), flips, dict(flip_mode='udp_combined'))
    torch.testing.assert_close(found[:, 3:6:2], maps.flip(-1)[:, 6:9:2])
    torch.testing.assert_close(found[:, 4], -maps.flip(-1)[:, 7])
    rows = torch.randn(2, 3, 48), torch.randn(2, 3, 64)
    for a, b in zip(
        mirrored_maps(rows, flips, {}), flip_vectors(*rows, flips)
    ):
        torch.testing.assert_close(a, b)
