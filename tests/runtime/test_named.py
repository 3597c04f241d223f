"""The model that comes with the package, found by its name."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from distilpose_cli.arguments import DEFAULT_MODEL
from distilpose_runtime import PoseEstimator
from distilpose_runtime.metadata import is_for_research_only
from distilpose_runtime.named import MODELS, find_model

PHOTOS = Path(__file__).parents[2] / 'docs' / 'photos'


def test_names(tmp_path, monkeypatch):
    assert DEFAULT_MODEL in MODELS
    (tmp_path / 'other').mkdir()
    for name, file in MODELS.items():
        assert find_model(name) == str(file) and file.is_file()
        assert file.stat().st_size < 6e6
        assert is_for_research_only(PoseEstimator(name).info.license)
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).write_text('')
        assert find_model(name) == name  # a file goes before a model
    monkeypatch.chdir(tmp_path / 'other')
    Path(DEFAULT_MODEL).mkdir()  # as of `--out distilpose-body17`
    assert find_model(DEFAULT_MODEL) == str(MODELS[DEFAULT_MODEL])
    assert find_model('distilpose-lsp') == find_model(DEFAULT_MODEL)
    with pytest.raises(FileNotFoundError, match=f'one of .*{DEFAULT_MODEL}'):
        PoseEstimator('distilpose-lps')


@pytest.mark.parametrize('license, is_so', [
    ('research only', True), ('CC-BY-NC-4.0', True), ('Non-Commercial', True),
    ('noncommercial use', True), ('', False), ('Apache-2.0', False),
    ('Advanced Licence', False),
])  # fmt: skip
def test_licenses_that_allow_research_only(license, is_so):
    assert is_for_research_only(license) == is_so


@pytest.mark.parametrize('name', MODELS)
def test_it_finds_a_pedestrian(name):
    """A photo that it has not seen, beside COCO's own annotation."""
    labels = json.loads((PHOTOS / 'pedestrian.json').read_text())
    (person,) = labels['annotations']
    x, y, width, height = person['bbox']
    image = cv2.imread(str(PHOTOS / 'pedestrian.jpg'))
    poses = PoseEstimator(name)(image, [[x, y, x + width, y + height]])
    truth = np.reshape(person['keypoints'], (17, 3))
    errors = np.linalg.norm(poses.keypoints[0] - truth[:, :2], axis=1)
    errors = errors[truth[:, 2] > 0] / max(width, height)
    assert len(errors) >= 12
    assert np.median(errors) < 0.1
