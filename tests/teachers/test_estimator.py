"""A teacher asked about people in photos."""

import numpy as np
import pytest
from onnx import TensorProto

from distilpose.teachers.estimator import TeacherEstimator
from distilpose_runtime import PoseEstimator
from distilpose_runtime.boxes import frames

from .. import exported, onnx_files

NAMES = ['nose', 'left_eye', 'right_eye']
BOXES = [[20, 10, 52, 50], [-8, 30, 60, 90.5]]


def gaussian(shape, center, sigma):
    y, x = np.mgrid[: shape[0], : shape[1]]
    apart = (x - center[0]) ** 2 + (y - center[1]) ** 2
    return np.exp(-apart / (2 * sigma**2))


def test_an_exported_student_says_what_the_runtime_says(tmp_path):
    """Two ways through one file: normalization, crops and coordinates."""
    file = exported.export(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (96, 80, 3), np.uint8)
    expected = PoseEstimator(file)(image, BOXES)
    teacher = TeacherEstimator(dict(onnx=str(file)), padding=1.1)
    found = teacher(image, BOXES)
    assert found.names == exported.NAMES == teacher.names
    # It reads Gaussians that it has drawn itself, to the last cell.
    centers, scales = frames(np.float32(BOXES), teacher.size, 1.1)
    apart = np.abs(expected.keypoints - centers[:, None]) / scales[:, None]
    inner = apart < 0.41
    assert inner.any(1).all()
    np.testing.assert_allclose(
        found.keypoints[inner], expected.keypoints[inner], atol=0.05
    )
    inner &= expected.sigmas > 5  # not narrower than a cell
    assert inner.sum() >= 8
    np.testing.assert_allclose(
        found.sigmas[inner], expected.sigmas[inner], rtol=0.005
    )


def channels(folder, names, **settings):
    """Heatmaps that are the channels of the crop: red, green, blue."""
    file = onnx_files.channels_last(folder / 'h.onnx', TensorProto.UINT8)
    source = dict(onnx=file, keypoints_of=names)
    return TeacherEstimator(source, **settings)


@pytest.mark.parametrize('names, text', [
    (NAMES[:2], 'gives 3 keypoints, but keypoints_of names 2'),
    ([*NAMES, 'a'], 'gives 3 keypoints, but keypoints_of names 4'),
    (None, 'does not name its keypoints. Set keypoints_of'),
])  # fmt: skip
def test_names_that_do_not_fit(tmp_path, names, text):
    with pytest.raises(ValueError, match=text):
        channels(tmp_path, names)(np.zeros((96, 80, 3), np.uint8), BOXES)


@pytest.mark.parametrize('batch', [1, 32])
def test_peaks_are_found_in_the_photo(tmp_path, batch):
    teacher = channels(tmp_path, NAMES, batch=batch, padding=1.0)
    image = np.zeros((200, 300, 3), np.uint8)
    centers, heights = [(80, 62), (104, 94), (64, 118)], [1.0, 0.8, 0.4]
    for channel, (center, height) in enumerate(zip(centers, heights)):
        drawn = 255 * height * gaussian(image.shape[:2], center, 12)
        image[..., 2 - channel] = drawn.round()
    # Twice the input of 48 x 64, and another one that shows nothing.
    found = teacher(image, [[40, 30, 136, 158], [200, 20, 296, 148]])
    np.testing.assert_allclose(found.keypoints[0], centers, atol=0.3)
    np.testing.assert_allclose(found.scores[0], heights, atol=0.01)
    np.testing.assert_allclose(found.sigmas[0], 12, rtol=0.03)
    assert (found.scores[1] == 0).all()
    assert teacher(image, []).keypoints.shape == (0, 3, 2)
