"""rtmlib's solutions and trackers with an exported model."""

from functools import partial

import numpy as np
import pytest

from distilpose_runtime import PoseEstimator
from distilpose_runtime.rtmlib_adapter import DistilPose, register

rtmlib = pytest.importorskip('rtmlib')

BOXES = [[10, 20, 50, 110], [60, 30, 110, 140]]


class Boxes:
    """A detector that finds the same people everywhere."""

    def __init__(self, onnx_model, model_input_size, det_mode, **others):
        self.det_mode = det_mode

    def __call__(self, image):
        return BOXES


@pytest.fixture
def people(file, monkeypatch):
    monkeypatch.setattr(rtmlib, 'Boxes', Boxes, raising=False)
    monkeypatch.setattr(rtmlib, 'DistilPose', None, raising=False)
    register()
    detector = dict(det_class='Boxes', det='none')
    pose = dict(pose_class='DistilPose', pose=str(file))
    return partial(rtmlib.Custom, **detector, **pose)


def test_custom_solution(people, file, image):
    keypoints, scores = people()(image)
    wanted = PoseEstimator(file)(image, BOXES)
    np.testing.assert_allclose(keypoints, wanted.keypoints)
    np.testing.assert_allclose(scores, wanted.scores)


@pytest.mark.parametrize('tracking', [True, False])
def test_tracker(tracking, people, image):
    """Boxes of the next frames come from the last frame's keypoints."""
    tracker = rtmlib.PoseTracker(people, det_frequency=2, tracking=tracking)
    tracker.MIN_AREA = 0
    for _ in range(4):
        keypoints, scores = tracker(image)
        assert len(keypoints) == len(scores) == 2


def test_people_who_left(file, image):
    """The others keep their places; nobody is not the whole image."""
    model = DistilPose(file)
    for none in ((), [], np.zeros((0, 4))):
        keypoints, scores = model(image, none)
        assert keypoints.shape == (0, 5, 2) and scores.shape == (0, 5)
    (alone,), _ = model(image, BOXES[:1])
    keypoints, scores = model(image, [[200, 0, 230, 40], BOXES[0]])
    np.testing.assert_allclose(keypoints[1], alone, atol=1e-3)
    assert not keypoints[0].any() and not scores[0].any()
    assert scores[1].any()


def test_other_backends(file):
    with pytest.raises(ValueError, match="backend='onnxruntime'"):
        DistilPose(file, backend='opencv')


def test_openpose(file, image, monkeypatch):
    """It is rtmlib that converts; here there are no 17 keypoints."""
    from rtmlib.tools.pose_estimation import post_processings

    def convert(keypoints, scores):
        return keypoints + 1000, scores

    name = 'convert_coco_to_openpose'
    monkeypatch.setattr(post_processings, name, convert)
    keypoints, _ = DistilPose(file, to_openpose=True)(image, BOXES)
    assert keypoints.min() > 500
