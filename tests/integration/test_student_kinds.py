"""Students by a user's commands: stopped, resumed and tested.

Of each kind, all exported files predict what PyTorch predicts.
"""

import json
import signal
import subprocess
import sys
import time
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from formats import makers
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from torch.nn.modules.batchnorm import _BatchNorm

from distilpose.deploy.export import export_onnx
from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_cli import main
from distilpose_runtime import PoseEstimator

from .. import toys
from ..training import runs
from .commands import distilpose

pytestmark = pytest.mark.slow
SIZE = (64, 96)  # (W, H) of the demo's images

CSPNEXT = dict(
    type='CSPNeXt',
    arch='P5',
    expand_ratio=0.5,
    deepen_factor=0.167,
    widen_factor=0.125,
    out_indices=(4,),
    channel_attention=True,
    norm_cfg=dict(type='SyncBN'),
    act_cfg=dict(type='SiLU'),
)
STUDENTS = toys.students()
POOLED = STUDENTS['pooled']
MOBILEONE = dict(type='mmpretrain.MobileOne', arch='s0', out_indices=(3,))


def pooled(backbone, channels):
    head = dict(POOLED['head'], in_channels=channels)
    return dict(POOLED, backbone=backbone, head=head)


# Those of MMPose's heads are in tests/deploy.
KINDS = {
    'tokens': {},
    'timm': STUDENTS['timm'],
    'cspnext': pooled(CSPNEXT, 128),
    'mmpretrain': pooled(MOBILEONE, 1024),
}


def written(kind, pictures, folder):
    """A config of the demo's run with a kind of student: file and content."""
    settings = runs.student_config(KINDS[kind], pictures, folder / 'run')
    settings.model.test_cfg.flip_test = False
    settings.dump(folder / 'student.py')
    return folder / 'student.py', settings


@pytest.mark.parametrize('kind', ['tokens', 'cspnext'])
def test_stopped_resumed_tested(kind, pictures, tmp_path, capfd):
    config, settings = written(kind, pictures, tmp_path)
    stopped = train_and_stop(config, tmp_path)
    wanted = stopped['meta']['epoch'] + 1
    distilpose(
        *('train', config, '--resume', '--cfg-options'),
        *(f'train_cfg.max_epochs={wanted}', 'train_cfg.val_interval=1'),
        cwd=tmp_path,
    )
    checkpoint = tmp_path / f'run/epoch_{wanted}.pth'
    resumed = torch.load(checkpoint, weights_only=False)
    steps = stopped['meta']['iter'] // stopped['meta']['epoch']
    assert resumed['meta']['iter'] == steps * wanted > steps
    assert not runs.equal(stopped['state_dict'], resumed['state_dict'])
    student_alone(settings).load_state_dict(resumed['state_dict'], strict=True)

    flip = 'model.test_cfg.flip_test=True'
    main(['test', str(config), str(checkpoint), '--cfg-options', flip])
    assert 'coco/AP' in capfd.readouterr().out


@pytest.mark.parametrize('kind', KINDS)
def test_exported_files(kind, pictures, tmp_path):
    if kind in ('timm', 'mmpretrain'):
        pytest.importorskip(kind)
    config, settings = written(kind, pictures, tmp_path)
    model = student_alone(settings)
    torch.manual_seed(0)
    model.init_weights()
    images = torch.randn(4, 3, *SIZE[::-1])
    tell_images_apart(model, images)
    checkpoint = tmp_path / 'student.pth'
    torch.save(dict(state_dict=model.state_dict()), checkpoint)
    onnx = tmp_path / 'student.onnx'
    main(['export', str(config), str(checkpoint), str(onnx)])
    settings = Config.fromfile(config)
    compare_formats(settings, checkpoint, onnx, images.numpy())
    compare_with_mmpose(settings, checkpoint, onnx, pictures)
    settings.model.test_cfg.flip_test = True
    export_onnx(settings, str(checkpoint), onnx, flip_test=True)
    compare_with_mmpose(settings, checkpoint, onnx, pictures)


def train_and_stop(config, folder):
    """Interrupt a training after an epoch; give its last checkpoint."""
    with open(folder / 'stopped.log', 'w') as log:
        process = subprocess.Popen(
            [sys.executable, '-m', 'distilpose', 'train', str(config)],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A job in the background would ignore the interruption.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        last = folder / 'run/last_checkpoint'  # it names the file
        while not last.is_file():
            assert process.poll() is None, (folder / 'stopped.log').read_text()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert 'With --resume' in (folder / 'stopped.log').read_text()
    return torch.load(last.read_text(), weights_only=False)


def student_alone(settings):
    """Build the student without its teacher."""
    student = dict(settings.model, type='TopdownPoseEstimator')
    del student['teacher'], student['distillation']
    return revert_sync_batchnorm(toys.build(student))


def tell_images_apart(model, images):
    """Take the statistics of a batch: those of so few steps are far off, and
    make all images alike."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = 1
    with torch.no_grad():
        model.train().extract_feat(images)


def compare_formats(settings, checkpoint, onnx, images):
    """PyTorch as built and deployed, TorchScript and ONNX, in pixels."""
    made = makers(settings, str(checkpoint), checkpoint.parent)
    expected, scores = made['PyTorch, as built']().predict(images)
    spread = np.ptp(expected, axis=0).max()
    assert spread > 0.05, 'images that all look alike show little'
    onnx = PoseEstimator(onnx).run(images)
    for found in (
        made['PyTorch, deployed']().predict(images),
        made['TorchScript']().predict(images),
        (onnx['coords'], onnx['scores']),
    ):
        # MobileOne's many layers, fused, round to 0.006 of 23 pixels; in
        # float64 they agree to 1e-11.
        limit = 1e-3 * max(1, spread)
        np.testing.assert_allclose(found[0], expected, atol=limit)
        np.testing.assert_allclose(found[1], scores, atol=1e-3)


def compare_with_mmpose(settings, checkpoint, onnx, pictures):
    """On the pictures, by the runtime and by MMPose's own inference."""
    settings.dump(checkpoint.with_suffix('.py'))
    mmpose = MMPoseEstimator(
        str(checkpoint.with_suffix('.py')), str(checkpoint), 'cpu'
    )
    exported = PoseEstimator(onnx)
    annotations = json.loads(
        (pictures / 'annotations/person_keypoints_val2017.json').read_text()
    )
    for image in annotations['images']:
        pixels = cv2.imread(str(pictures / 'val2017' / image['file_name']))
        boxes = [
            [x, y, x + w, y + h]
            for x, y, w, h in (
                person['bbox']
                for person in annotations['annotations']
                if person['image_id'] == image['id']
            )
        ]
        found, expected = exported(pixels, boxes), mmpose(pixels, boxes)
        assert np.abs(found.keypoints - expected.keypoints).max() < 0.05
        assert np.abs(found.scores - expected.scores).max() < 1e-3
