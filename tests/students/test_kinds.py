"""Every kind of head in a student's life: docs/students.md's table."""

import re
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from distilpose.deploy import deploy
from distilpose.deploy.export import export_onnx, load_student
from distilpose.deploy.student import ExportedStudent
from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_runtime import PoseEstimator

from .. import toys
from ..training import runs
from .kinds import COORDINATES, KINDS, made, parts

BOXES = [[10, 5, 60, 70], [20, 10, 80, 75], [0, 0, 40, 60]]


# MMPose's own flip test of it fails in PyTorch 2.
NO_FLIP_TEST = ('udp_combined',)
# Heads that predict no width, and codecs whose maps have none.
NO_SIGMAS = (
    *('regression', 'integral', 'dsnt'),
    *('megvii', 'mspn', 'udp_combined'),
)


@torch.no_grad()
@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
@pytest.mark.parametrize('kind', KINDS)
def test_deployed_and_traced(kind, tmp_path):
    """Of any batch, as built."""
    torch.manual_seed(1)
    images = torch.randn(5, 3, *toys.INPUT_SIZE[::-1])
    student = made(kind, tmp_path)
    built, here, there = (
        ExportedStudent(load_student(*student), toys.INPUT_SIZE).eval()
        for _ in range(3)
    )
    deploy(here.model)
    deploy(there.model, for_export=True)
    traced = torch.jit.trace(there, images[:2], check_trace=False)
    expected = built(images)
    assert np.ptp(expected[0], axis=0).max() > 0.1  # the images differ
    for found in (here(images), there(images), traced(images)):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('kind', KINDS)
def test_exported(kind, flip_test, tmp_path):
    """By the runtime, within 0.05 pixels of MMPose's own inference."""
    if flip_test and kind in NO_FLIP_TEST:
        pytest.skip('MMPose cannot')
    config, checkpoint = made(kind, tmp_path)
    config.model.test_cfg.flip_test = flip_test
    file = tmp_path / 'student.onnx'
    export_onnx(config, checkpoint, file, flip_test=flip_test)
    config.dump(tmp_path / 'student.py')
    noise = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    image = cv2.resize(noise, (90, 80))
    expected = MMPoseEstimator(
        str(tmp_path / 'student.py'), checkpoint, 'cpu'
    )(image, BOXES)
    found = PoseEstimator(file)(image, BOXES)
    assert np.abs(found.keypoints - expected.keypoints).max() < 0.05
    np.testing.assert_allclose(found.scores, expected.scores, 1e-4, 1e-3)
    assert len(np.unique(found.keypoints.round(1), axis=0)) == len(BOXES)
    assert (found.sigmas is None) == (kind in NO_SIGMAS)
    for output in onnx.load(file).graph.output:  # the batch alone is open
        first, *others = output.type.tensor_type.shape.dim
        assert first.dim_param and all(x.dim_value for x in others)


@pytest.mark.parametrize(
    'kind', ['tokens', 'pooled', 'regression', 'rle', 'tokenpose']
)
def test_without_labels(kind):
    """Only the teacher trains, and the same as with labels.

    For the others, see tests/distillation/test_any_head.py.
    """
    own = 'TeacherLabelLoss'
    student = toys.student(**parts(kind))
    if 'DistilPoseHead' in student['head']['type']:
        student['head'] = dict(student['head'], sigmas=False, scores=False)
    model = toys.distilled(
        **dict(neck=student['neck'], head=student['head']),
        distillation=dict(labels=dict(type=own, min_confidence=0)),
        keypoint_weighting=dict(unlabelled=True),
    )
    values = []
    for weight in (1, 0):
        inputs, samples = toys.batch(model)
        for sample in samples:
            sample.gt_instance_labels.keypoint_weights[:] = weight
        losses = model.loss(inputs, samples)
        values.append(losses['loss_labels'])
    torch.testing.assert_close(*values)
    model.parse_losses(losses)[0].backward()
    assert losses['loss_labels'] > 0 and losses['loss_kpt'] == 0
    assert any(p.grad.any() for p in model.head.parameters())


@pytest.mark.slow
@pytest.mark.parametrize('kind', KINDS)
def test_resumed(kind, pictures, tmp_path):
    """It ends in the weights of a run of two epochs, and is validated."""
    whole, first, second = (
        settings(kind, pictures, tmp_path / folder, epochs)
        for folder, epochs in (('whole', 2), ('parts', 1), ('parts', 2))
    )
    second.resume = True
    runs.train(first)
    resumed = runs.train(second)
    assert runs.equal(runs.weights(resumed), runs.weights(runs.train(whole)))
    assert 'val/coco/AP' in resumed.message_hub.log_scalars


def settings(kind, pictures, work_dir, epochs):
    """A training run of the demo's, with a student of this kind."""
    epochs = {'train_cfg.max_epochs': epochs}
    if kind in COORDINATES:
        return runs.student_config(
            COORDINATES[kind], pictures, work_dir, **epochs
        )
    cfg = runs.config(pictures, work_dir, **epochs)
    size = cfg.codec.input_size
    student = toys.student(
        **parts(kind, cfg.num_keypoints, size),
        teacher=cfg.model.teacher,
        distillation=None,
        train_cfg=dict(compute_acc=kind != 'udp_combined'),
        test_cfg=dict(flip_test=kind not in NO_FLIP_TEST),
    )
    if kind == 'tokenpose':
        student['neck'].update(patch_size=(4, 4))
        student['head'].update(
            heatmap_size=cfg.heatmap_codec.heatmap_size,
            decoder=cfg.heatmap_codec,
        )
    head = student['head']
    encoder = head.get('pose_cfg', head)['decoder']
    for step in cfg.train_dataloader.dataset.pipeline:
        if step['type'] == 'GenerateTarget':
            several = dict(multilevel=True, encoder=[encoder] * 2)
            step.update(several if kind == 'mspn' else dict(encoder=encoder))
    cfg.model = student
    return cfg


def test_docs_name_every_kind():
    rows = re.findall(
        r'^\| `\w+Head`.*?\| (`.+?`) \| [OHSN]',
        Path('docs/status.md').read_text(),
        re.MULTILINE,
    )
    assert sorted('; '.join(rows).replace('`', '').split('; ')) == sorted(
        KINDS
    )
