"""The jitter of keypoints in a video."""

import numpy as np
import pytest
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from distilpose.evaluation import KeypointJitter
from distilpose_own_data.labelling.pictures import frame_name
from distilpose_runtime.frames import Frame

K = 3


def sample(name, center, shift=(0, 0), visible=(1, 1, 1)):
    """A person, of whom the student finds the keypoints elsewhere."""
    keypoints = np.array(center) + np.array([[0, 0], [5, 9], [-5, 20]])
    sample = PoseDataSample(metainfo=dict(img_path=f'/a/{name}'))
    sample.gt_instances = InstanceData(
        keypoints=keypoints[None].astype(np.float32),
        keypoints_visible=np.array([visible], np.float32),
        bboxes=np.array([[*center, *center]]) + [[-40, -40, 40, 40]],
    )
    sample.pred_instances = InstanceData(
        keypoints=(keypoints + shift)[None].astype(np.float32)
    )
    return sample


def frame(seconds):
    number = round(30 * seconds)
    return frame_name('dance', Frame('', None, number, seconds))


def evaluate(samples):
    evaluator = Evaluator(KeypointJitter())
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


def test_two_people_at_uneven_times():
    """Each is followed, although their order changes; walking is no jitter."""
    samples = []
    for i, seconds in enumerate([0.0, 0.4, 60.5, 61.0]):
        x = 100 + seconds / 10
        # The left person's keypoints are 3 pixels off in the third frame.
        two = [
            sample(frame(seconds), (x, 200), (0, 3 * (i == 2))),
            sample(frame(seconds), (x + 200, 200)),
        ]
        samples += two[:: (-1) ** i]
    found = evaluate(samples[::-1])
    # Of the second and the third frame, each with two people, the third's is
    # off by 3, and the second's by the share of the time from the first to it.
    second = 3 * 0.4 / 60.5
    assert found['jitter/student'] == pytest.approx((3 + second) / 4, abs=1e-4)
    assert found['jitter/labels'] == pytest.approx(0, abs=1e-4)


def test_labels_jitter():
    samples = [
        sample(frame(i), (100 + 8 * (i == 1), 100), (-8 * (i == 1), 0))
        for i in range(3)
    ]
    expected = {'jitter/labels': 8.0, 'jitter/student': 0.0}
    assert evaluate(samples) == pytest.approx(expected, abs=1e-4)


def test_who_and_what_does_not_count():
    """A gap, another video, a keypoint without label, photos."""
    samples = [
        sample(frame(0), (100, 100)),
        sample(frame(1), (100, 100), (9, 0), visible=(1, 1, 0)),
        sample(frame(2), (100, 100), (0, 0), visible=(0, 1, 1)),
        sample(frame(3), (500, 100), (50, 0)),  # another person
        sample(frame(4), (500, 100)),
        sample('other_00h00m01.500s_0000045.jpg', (100, 100), (50, 0)),
        sample('photo_0001.jpg', (100, 100)),
    ]
    assert evaluate(samples)['jitter/student'] == pytest.approx(9)
    assert evaluate(samples[2:]) == {}
    nothing = dict(center=(0, 0), visible=(0, 0, 0))
    assert evaluate([sample(frame(i), **nothing) for i in range(3)]) == {}
