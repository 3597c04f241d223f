"""Keypoints of all people of an image, by ONNX Runtime alone."""

import copy
import json
import multiprocessing
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

import distilpose_runtime
from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose_runtime import ModelError, PoseEstimator, box_faults
from distilpose_runtime import boxes as box_module

from .. import exported, toys
from . import graphs

BOXES = np.array(
    [[10, 20, 50, 110], [-20, 5, 30, 60], [90, 80, 130, 140], [3, 3, 99, 40]],
    np.float32,
)


@pytest.mark.parametrize('flip_test', [False, True])
@pytest.mark.parametrize('use_udp, atol, of_scores', [
    (False, 2e-3, dict(atol=1e-5)), (True, 0.05, dict(rtol=1e-5)),
])  # fmt: skip
def test_equals_mmpose(use_udp, atol, of_scores, flip_test, image, tmp_path):
    """In parts; boxes in and over the border of an image of odd size."""
    image = image[:141, :113]
    boxes = np.vstack([BOXES, [[0, 0, 112, 60], [70, 1, 113, 141]]])
    boxes = boxes.astype(np.float32)
    if use_udp:
        config, checkpoint, file = exported.udp(tmp_path, flip_test)
    else:
        file = exported.export(tmp_path, flip_test=flip_test)
        config, checkpoint = (f'{tmp_path}/student.{x}' for x in ('py', 'pth'))
        exported.config(test_cfg=dict(flip_test=flip_test)).dump(config)
    poses = PoseEstimator(file, batch=4)(image, boxes)
    expected = MMPoseEstimator(config, checkpoint, 'cpu')(image, boxes)
    near = np.testing.assert_allclose
    near(poses.keypoints, expected.keypoints, atol=atol)
    near(poses.scores, expected.scores, **of_scores)
    assert poses.names == exported.NAMES
    assert np.array_equal(poses.boxes, boxes)


@pytest.mark.parametrize('size', [(48, 64), (33, 21)])
@pytest.mark.parametrize('use_udp', [False, True])
def test_crops_are_mmposes_bit_by_bit(use_udp, size, image):
    affine = dict(type='TopdownAffine', input_size=size, use_udp=use_udp)
    with DefaultScope.overwrite_default_scope('mmpose'):
        pipeline = Compose([dict(type='GetBBoxCenterScale'), affine])
    generator = np.random.default_rng(1)
    corners = generator.uniform(-30, 100, (50, 2))
    boxes = np.hstack([corners, corners + generator.uniform(5, 90, (50, 2))])
    boxes = boxes.astype(np.float32)
    centers, scales = box_module.frames(boxes, size, 1.25)
    for box, center, scale in zip(boxes, centers, scales):
        wanted = pipeline(dict(img=image, bbox=box[None]))
        assert np.array_equal(center, wanted['input_center'])
        assert np.array_equal(scale, wanted['input_scale'])
        found = box_module.crop(image, center, scale, size, use_udp)
        assert np.array_equal(found, wanted['img'])


@pytest.mark.parametrize('axis', [0, 1])
def test_crops_of_pictures_beyond_opencvs_limit(image, axis):
    """As of the part alone; of a person that is too large, every n-th."""

    def turned(*values):
        return np.array(values[::-1] if axis else values)

    large = np.zeros((40_000, 40, 3), np.uint8)
    large[39_000:39_040] = image[:40, :40]
    small, center = large[38_990:39_090], turned(20.3, 30.6)
    size = np.array([33.0, 44.0])
    if axis:
        large, small = large.transpose(1, 0, 2), small.transpose(1, 0, 2)
    wanted = box_module.crop(small, center, size, (48, 64)).astype(int)
    place = center + turned(0, 38_990)
    found = box_module.crop(large, place, size, (48, 64))
    assert found.any() and np.abs(found - wanted).max() <= 8

    ramp = np.linspace(0, 255, 40_000).astype(np.uint8)[:, None, None]
    ramp = np.repeat(np.repeat(ramp, 40, 1), 3, 2)
    if axis:
        ramp = np.ascontiguousarray(ramp.transpose(1, 0, 2))
    whole = turned(30_000.0, 40_000.0)
    found = box_module.crop(ramp, turned(20.0, 20_000.0), whole, (6, 8))
    line = found[4, :, 0] if axis else found[:, 3, 0]
    steps = 255 * np.arange(len(line)) / len(line)
    np.testing.assert_allclose(line, steps, atol=1)


def test_copied_and_sent_to_processes(file, image, tmp_path, monkeypatch):
    """It loads the file anew, with the same options, in any folder."""
    monkeypatch.chdir(file.parent)
    model = PoseEstimator(file.name, batch=3, threads=1)
    monkeypatch.chdir(tmp_path)
    wanted = model(image, BOXES).keypoints
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.batch == 3 and other._given[1:] == ('cpu', 3, 1)
        np.testing.assert_array_equal(other(image, BOXES).keypoints, wanted)
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        found = pool.apply(model, (image, BOXES)).keypoints
    np.testing.assert_array_equal(found, wanted)


FORKED = """
import copy, os, sys
import numpy as np
from distilpose_runtime import PoseEstimator
image = np.zeros((99, 99, 3), np.uint8)
model = PoseEstimator('distilpose-body17')
model(image, [[5, 5, 60, 90]])
copy.deepcopy(model)  # and dropped
child = os.fork()
if not child:
    del model
    PoseEstimator('distilpose-body17')(image, [[5, 5, 60, 90]])
    os._exit(7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_dropped_in_a_forked_process():
    """The threads of its session are not there; nobody waits for them."""
    folder = Path(distilpose_runtime.__file__).parents[1]
    command = [sys.executable, '-c', FORKED]
    assert subprocess.run(command, cwd=folder, timeout=30).returncode == 7


def test_sigmas(image, tmp_path):
    """In pixels of the image; calibrated, with scores of 0.9 and 0.5."""
    about = dict(factors=[2, 0.5], power=0.5, rate=2)

    def poses(**options):
        plain = graphs.pose_model(tmp_path / 'plain.onnx', **options)
        file = changed(plain, tmp_path, set_entry(sigma_calibration=about))
        return [PoseEstimator(x)(image, BOXES) for x in (plain, file)]

    sigmas = np.array([[3.0, 1.0], [2.0, 5.0]])
    before, after = poses(sigma=sigmas)
    zoom = 1.25 * np.array([67.5, 50, 45, 96])[:, None, None] / 48
    np.testing.assert_allclose(before.sigmas, zoom * sigmas, rtol=1e-5)
    wanted = sigmas**0.5 * [[2 * np.exp(-1.8)], [0.5 * np.exp(-1)]]
    np.testing.assert_allclose(after.sigmas, zoom * wanted, rtol=1e-5)
    assert after.sigmas.dtype == before.sigmas.dtype
    np.testing.assert_array_equal(after.scores, before.scores)
    sigma = poses(score=-1e5)[1].sigmas[0, 0, 0]
    assert sigma == pytest.approx(zoom[0, 0, 0] * 2 * 3**0.5)
    assert poses(sigmas=False)[1].sigmas is None


@pytest.mark.parametrize('none', [[], np.zeros((0, 4)), np.zeros((0,))])
def test_no_boxes_no_poses(none, file, image):
    poses = PoseEstimator(file)(image, none)
    found = poses.keypoints, poses.sigmas, poses.scores, poses.boxes
    points = (0, toys.K, 2)
    assert [x.shape for x in found] == [points, points, points[:2], (0, 4)]
    assert len(poses) == 0


@pytest.mark.parametrize('box, fault', [
    ([1, 2, float('nan'), 4], 'is not finite'),
    ([1, 2, float('inf'), 4], 'is not finite'),
    ([5, 5, 5, 9], 'has no area'),
    ([5, 9, 7, 5], 'has no area'),
    ([0.1, 0.2, 0.9, 0.8], 'is no larger than a pixel'),
    ([0, 0, 1, 1], 'is no larger than a pixel'),
    ([120, 5, 130, 9], 'lies outside the image of 120 x 150 pixels'),
    ([5, -9, 7, 0], 'lies outside'),
])  # fmt: skip
def test_boxes_without_a_person(box, fault, file, image):
    boxes = [[0, 0, 9, 9], box]
    with pytest.raises(ValueError, match=f'Box 1, .* {fault}'):
        PoseEstimator(file)(image, boxes)
    faults = box_faults(image, boxes)
    assert [*faults] == [1] and fault in faults[1]


def test_wrong_images_and_boxes(file, image):
    model = PoseEstimator(file)
    for wrong in (None, image[..., 0], image.astype(float), image[:0]):
        with pytest.raises(ValueError, match='The image is .* BGR'):
            model(wrong, BOXES)
    for wrong in (BOXES[0], BOXES[:, :3]):
        with pytest.raises(ValueError, match=r'expected \(N, 4\)'):
            model(image, wrong)


def test_devices_and_batches(file):
    model = PoseEstimator(file)
    assert model.provider == 'CPUExecutionProvider'
    assert 'float32' in repr(model) and model.provider in repr(model)
    with pytest.raises(ValueError, match='batch is 0'):
        PoseEstimator(file, batch=0)
    for wrong in ('gpu', 'cpu:0', 'cuda:x'):
        with pytest.raises(ValueError, match=f'There is no device "{wrong}"'):
            PoseEstimator(file, device=wrong)
    if 'CUDAExecutionProvider' not in onnxruntime.get_available_providers():
        with pytest.raises(RuntimeError, match='needs CUDAExecution.*-gpu'):
            PoseEstimator(file, device='cuda:1')


def test_a_device_that_does_not_start(file, monkeypatch):
    """ONNX Runtime goes on with the CPU, and says so in its log alone."""
    session, cpu = onnxruntime.InferenceSession, ['CPUExecutionProvider']
    patch = partial(monkeypatch.setattr, onnxruntime)
    patch('get_available_providers', lambda: ['CUDAExecutionProvider', *cpu])
    patch('InferenceSession', lambda *x, providers: session(*x, providers=cpu))
    with pytest.raises(RuntimeError, match='cannot start CUDAExecution'):
        PoseEstimator(file, device='cuda')


def changed(file: Path, folder: Path, change) -> str:
    graph = onnx.load(file)
    change(graph)
    onnx.save(graph, folder / 'changed.onnx')
    return str(folder / 'changed.onnx')


def set_entry(**changes):
    def change(graph):
        entry = graph.metadata_props[0]
        entry.value = json.dumps({**json.loads(entry.value), **changes})

    return change


def calibration(**changes):
    about = dict(factors=[1] * toys.K, power=1, rate=0)
    return set_entry(sigma_calibration={**about, **changes})


@pytest.mark.parametrize('change, message', [
    (lambda g: g.ClearField('metadata_props'), 'does not say what it'),
    (set_entry(format_version=3), 'format 3, .* reads up to 2'),
    (set_entry(mean=None), 'are damaged'),
    (set_entry(std=[0, 1, 1]), r'damaged .*: std is \[0. 1. 1.\]'),
    (set_entry(padding='nan'), 'padding is nan'),
    (set_entry(input_size=[48, 0]), r'input_size is \(48, 0\)'),
    (set_entry(skeleton=[[0, 5]]), r'skeleton is \[\(0, 5\)\]'),
    (set_entry(flip_pairs=[[-1, 0]]), 'flip_pairs is'),
    (set_entry(keypoint_colors=[[0, 0, 0]]), 'keypoint_colors is'),
    (set_entry(keypoint_names=[]), 'names is'),
    (calibration(factors=[1] * 4), 'sigma_calibration is'),
    (calibration(factors=[1] * 4 + [0]), 'sigma_calibration is'),
    (calibration(rate=-1), 'sigma_calibration is'),
    (calibration(power=None), 'are damaged'),
    (set_entry(keypoint_names=list('abcdef'), keypoint_colors=None),
     r"coords of shape \['N', 5, 2\], but .* \['N', 6, 2\]"),
    (set_entry(input_size=[64, 64]),
     r"images of shape \['N', 3, 64, 48\], but .* 64, 64\]"),
    (set_entry(raw_images=True), 'expected images of uint8'),
    (lambda g: setattr(g.opset_import[0], 'version', 999),
     'cannot load .*its opset 999 is not known.* newer onnxruntime'),
    (lambda g: setattr(g.graph.output[0], 'name', '/head/Split'),
     'cannot load|gives'),
])  # fmt: skip
def test_files_of_another_kind(change, message, file, tmp_path):
    with pytest.raises(ModelError, match=message) as raised:
        PoseEstimator(changed(file, tmp_path, change))
    assert '\n' not in str(raised.value)


def test_a_run_that_fails(file):
    """A model that was exported for another size, which it left open."""
    told = r'cannot run ".*" on float32 \(1, 3, 4, 4\) \(Got inv'
    with pytest.raises(ModelError, match=told) as raised:
        PoseEstimator(file).run(np.zeros((1, 3, 4, 4), np.float32))
    assert '\n' not in str(raised.value)


def test_files_that_are_no_model(file, tmp_path):
    with pytest.raises(FileNotFoundError):
        PoseEstimator(tmp_path / 'nothing.onnx')
    for name, content in (('cut', file.read_bytes()[:-9999]), ('empty', b'')):
        path = tmp_path / f'{name}.onnx'
        path.write_bytes(content)
        with pytest.raises(ModelError, match=path.name):
            PoseEstimator(path)
