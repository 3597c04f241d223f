"""A model that is still in MMPose, used as an exported one is."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.apis import inference_topdown

from distilpose.students.mmpose_estimator import MMPoseEstimator
from distilpose.weights.fetch import CheckpointError
from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config
from distilpose_cli import main
from distilpose_runtime.images import write_image

CONFIG = 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'
IMAGE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
BOXES = np.array([[20, 10, 60, 90], [70, 0, 150, 110], [0, 0, 30, 60]])


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp('model') / 'tiny.pth'
    torch.manual_seed(0)
    model = build_without_weights(Config.fromfile(find_config(CONFIG)))
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.mark.parametrize('batch', [1, 2, 32])
def test_as_mmpose_predicts(checkpoint, batch):
    estimator = MMPoseEstimator(CONFIG, str(checkpoint), 'cpu', batch)
    poses = estimator(IMAGE, BOXES)
    expected = inference_topdown(estimator.model, IMAGE, BOXES)
    for i, sample in enumerate(expected):
        found = sample.pred_instances
        assert np.allclose(poses.keypoints[i], found.keypoints, atol=1e-3)
        assert np.allclose(poses.scores[i], found.keypoint_scores, atol=1e-5)
    assert poses.names[:3] == ['nose', 'left_eye', 'right_eye']
    assert len(poses.keypoint_colors) == len(poses.names)
    assert len(poses.skeleton_colors) == len(poses.skeleton)


def test_nobody(checkpoint):
    """MMPose itself would take the whole image for a person."""
    estimator = MMPoseEstimator(CONFIG, str(checkpoint), 'cpu')
    poses = estimator(IMAGE, np.empty((0, 4)))
    assert poses.keypoints.shape == (0, len(poses.names), 2)
    assert poses.scores.shape == (0, len(poses.names))


def test_command(checkpoint, tmp_path):
    photo, out = tmp_path / 'a.png', tmp_path / 'out'
    write_image(photo, IMAGE)

    def predict(model, *more):
        main(['predict', str(photo), '--detector', 'none', '--model', model,
              *map(str, more)])  # fmt: skip

    predict(CONFIG, '--checkpoint', checkpoint, '--out', out)
    found = json.loads((out / 'predictions.json').read_text())
    (row,) = found['annotations']
    estimator = MMPoseEstimator(CONFIG, str(checkpoint), 'cpu')
    expected = estimator(IMAGE, [[0, 0, 160, 120]]).keypoints[0]
    keypoints = np.reshape(row['keypoints'], (-1, 3))[:, :2]
    assert np.allclose(keypoints, expected, atol=2e-3)
    assert found['info']['model']['config'] == CONFIG
    for arguments, message in (
        ([CONFIG], 'name its checkpoint'),
        ([CONFIG, '--checkpoint', 'nothing.pth'], 'nothing.pth'),
        (['nothing', '--checkpoint', 'x.pth'], 'distilpose predict: '),
    ):
        with pytest.raises(SystemExit, match=message):
            predict(*arguments)


@pytest.fixture
def state(checkpoint):
    return torch.load(checkpoint)['state_dict']


def load(state, folder):
    torch.save(dict(state_dict=state), folder / 'x.pth')
    estimator = MMPoseEstimator(CONFIG, str(folder / 'x.pth'), 'cpu')
    return estimator.model.state_dict()


def test_checkpoint_of_a_model_in_parallel_with_other_tensors(state, tmp_path):
    renamed = {f'module.{name}': value for name, value in state.items()}
    found = load({**renamed, 'teacher.w': torch.ones(1)}, tmp_path)
    assert all(torch.equal(found[name], state[name]) for name in found)


def test_checkpoint_without_what_pytorch_fills_in(state, tmp_path):
    """As of a version that did not count batches yet: it loads strictly."""
    older = {k: v for k, v in state.items() if 'num_batches' not in k}
    assert 0 < len(older) < len(state)
    found = load(older, tmp_path)
    assert all(torch.equal(found[name], older[name]) for name in older)


@pytest.mark.parametrize('ending, value, message', [
    ('keypoint_tokens', None, r'lacks 1 .*\(neck.key'),
    ('running_mean', None, 'it lacks .*backbone'),  # buffers, too
    ('running_var', None, 'it lacks .*backbone'),
    ('keypoint_tokens', torch.ones(2), 'size mismatch for neck.keypoint_to'),
    ('keypoint_tokens', 'text',
     '"neck.keypoint_tokens", expected torch.Tensor|no state dict'),
])  # fmt: skip
def test_checkpoint_of_another_model(ending, value, message, state, tmp_path):
    for name in [name for name in state if name.endswith(ending)]:
        state[name] = value
        if value is None:
            del state[name]
    with pytest.raises(CheckpointError, match=message):
        load(state, tmp_path)


@pytest.mark.parametrize('device', ['gpu', 'cuda:99'])
def test_device_that_is_not_there(checkpoint, device):
    with pytest.raises(ValueError, match=f'"{device}" here .*`distilpose env'):
        MMPoseEstimator(CONFIG, str(checkpoint), device)
