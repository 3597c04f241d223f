"""Every kind of head in a student's life: docs/students.md's table."""

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from distilpose.deploy import deploy
from distilpose.deploy.export import export_onnx, load_student
from distilpose.deploy.student import ExportedStudent
from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_runtime import PoseEstimator

from .. import exported, toys
from ..teachers import heads
from ..training import runs

COORDINATES = {k: v for k, v in toys.students().items() if k != 'timm'}
MAPS = (
    *('msra', 'dark', 'udp', 'udp_combined', 'megvii', 'vipnas'),
    *('hourglass', 'mspn', 'visibility', 'simcc', 'rtmpose', 'rtmw'),
)
KINDS = (*COORDINATES, 'tokenpose', *MAPS)
BOXES = [[10, 5, 60, 70], [20, 10, 80, 75], [0, 0, 40, 60]]


def parts(kind, keypoints=toys.K, size=toys.INPUT_SIZE):
    """Neck and head of a student."""
    if kind in COORDINATES:
        return COORDINATES[kind]
    if kind == 'tokenpose':
        teacher = toys.teacher(keypoints)
        return dict(neck=teacher['neck'], head=teacher['head'])
    head = heads.config(kind, keypoints, size)
    return dict(neck=dict(type='ToyNeck', kind=kind), head=head)


@pytest.fixture(params=KINDS)
def student(request, tmp_path):
    """A config and its checkpoint."""
    test_cfg = dict(flip_test=False)
    config = exported.config(**parts(request.param), test_cfg=test_cfg)
    model = tell_images_apart(toys.build(config.model.to_dict()))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'student.pth')
    return config, str(tmp_path / 'student.pth')


@torch.no_grad()
def tell_images_apart(model):
    """Give a model weights by which it does, and maps above 0."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1
        if isinstance(module, nn.Linear):
            module.weight *= 5
    model.train().extract_feat(torch.randn(4, 3, *toys.INPUT_SIZE[::-1]))
    for module in model.head.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.normal_(0, module.weight[0].numel() ** -0.5)
            module.bias is None or module.bias.fill_(1)
    return model


@torch.no_grad()
@pytest.mark.filterwarnings('ignore::torch.jit.TracerWarning')
def test_deployed_and_traced(student):
    """Of any batch, as built."""
    torch.manual_seed(1)
    images = torch.randn(5, 3, *toys.INPUT_SIZE[::-1])
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


def test_exported(student, tmp_path):
    """By the runtime, within 0.05 pixels of MMPose's own inference."""
    config, checkpoint = student
    export_onnx(config, checkpoint, tmp_path / 'student.onnx')
    config.dump(tmp_path / 'student.py')
    noise = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    image = cv2.resize(noise, (90, 80))
    expected = MMPoseEstimator(
        str(tmp_path / 'student.py'), checkpoint, 'cpu'
    )(image, BOXES)
    found = PoseEstimator(tmp_path / 'student.onnx')(image, BOXES)
    assert np.abs(found.keypoints - expected.keypoints).max() < 0.05
    np.testing.assert_allclose(found.scores, expected.scores, 1e-4, 1e-3)
    assert len(np.unique(found.keypoints.round(1), axis=0)) == len(BOXES)


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
        # MMPose's own flip test of it fails in PyTorch 2.
        test_cfg=dict(flip_test=kind != 'udp_combined'),
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
