"""What is measured of a model on labelled people."""

import json

import numpy as np
import onnx
import pytest

from distilpose_runtime import PoseEstimator
from distilpose_runtime.calibration.labels import Labels
from distilpose_runtime.calibration.run import calibrate, write_calibration
from distilpose_runtime.images import write_image
from distilpose_runtime.onnx_entries import entries
from distilpose_runtime.sigmas import SigmaCalibration

from ..graphs import pose_model


@pytest.mark.parametrize('calibrated', [False, True])
def test_pixels_of_the_input(calibrated, tmp_path):
    """Boxes of many sizes: sigmas are the model's own 3, errors ours."""
    file = pose_model(tmp_path / 'model.onnx')
    if calibrated:
        write_calibration(file, file, SigmaCalibration([5.0, 7.0], 0.5, 1))
    rng = np.random.default_rng(0)
    pictures, errors = [], []
    for i in range(4):
        write_image(tmp_path / f'{i}.png', np.zeros((99, 99, 3), np.uint8))
        wide = rng.uniform(20, 60, 40)
        boxes = np.column_stack([0 * wide, 0 * wide, wide, wide * 4 / 3])
        error = rng.normal(0, 2, (40, 2, 2))
        found = np.array([[24, 32], [0, 0]]) - error
        scale = wide[:, None, None] * 1.25 / 48
        corner = boxes[:, None, 2:] / 2 - [24, 32] * scale
        labelled = np.ones((40, 2), bool)
        labels = found * scale + corner
        pictures.append(Labels(tmp_path / f'{i}.png', boxes, labels, labelled))
        errors.append(error)
    model = PoseEstimator(file)
    found = calibrate(model, pictures)
    held_out = found.held_out
    np.testing.assert_allclose(held_out.sigmas, 3, rtol=1e-5)
    expected = np.concatenate(errors[1::2])
    np.testing.assert_allclose(held_out.errors, expected, atol=1e-4)
    sizes = found.calibration(held_out.sigmas, held_out.scores)
    np.testing.assert_allclose(sizes.mean((0, 2)), 2, rtol=0.15)
    assert (model.info.sigma_calibration is not None) == calibrated


def test_writes_whole_or_not_at_all(tmp_path, monkeypatch):
    """Only the entry changes; after a full disk, the file is what it was."""
    file = pose_model(tmp_path / 'model.onnx')
    before, new = file.read_bytes(), tmp_path / 'new' / 'model.onnx'
    write_calibration(file, new, SigmaCalibration([5.0, 7.0]))
    about = json.loads(entries(new.read_bytes())['distilpose'])
    expected = dict(factors=[5.0, 7.0], power=1.0, rate=0.0)
    assert about.pop('sigma_calibration') == expected
    assert about == json.loads(entries(before)['distilpose'])

    def full(path, content):
        raise OSError('No space left on device')

    monkeypatch.setattr('pathlib.Path.write_bytes', full)
    with pytest.raises(OSError, match='No space'):
        write_calibration(file, file, SigmaCalibration([1.0, 1.0]))
    assert file.read_bytes() == before
    assert {*tmp_path.iterdir()} == {file, new.parent}


def test_weights_in_other_files(tmp_path):
    """They are found beside a file alone."""
    file = tmp_path / 'model.onnx'
    model = onnx.load(pose_model(tmp_path / 'one.onnx'))
    onnx.save(model, file, save_as_external_data=True, size_threshold=0)
    one = SigmaCalibration([1.0, 1.0])
    with pytest.raises(ValueError, match='weights in files beside it'):
        write_calibration(file, tmp_path / 'other' / 'model.onnx', one)
    write_calibration(file, tmp_path / 'other.onnx', one)
    found = PoseEstimator(tmp_path / 'other.onnx').info.sigma_calibration
    assert found == one
