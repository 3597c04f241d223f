"""The demo's student leaves it, and is seen at work."""

import json

import cv2
import torch
from mmengine.config import Config

from distilpose.zoo.build import build_without_weights
from distilpose.zoo.find import find_config
from distilpose_demo.exported import write_predictions
from distilpose_demo.run import MODELS
from distilpose_demo.training import Training
from distilpose_runtime import PoseEstimator


def test_file_and_picture(pictures, tmp_path):
    config = Config.fromfile(find_config(MODELS['distilled']))
    student = Training('distilled', config, tmp_path)
    torch.manual_seed(0)
    state = build_without_weights(config).state_dict()
    torch.save(dict(state_dict=state), student.checkpoint)
    text = write_predictions(tmp_path, pictures, student)
    assert str(tmp_path / 'student.onnx') in text
    model = PoseEstimator(tmp_path / 'student.onnx')
    assert model.info.model == MODELS['distilled']
    drawn = cv2.imread(str(tmp_path / 'predictions.png'))
    plain = [cv2.imread(str(x)) for x in (pictures / 'val2017').iterdir()]
    assert len(drawn) <= 2 * max(len(x) for x in plain)
    assert 10 * min(x.shape[1] for x in plain) < drawn.shape[1]
    annotations = pictures / 'annotations/person_keypoints_val2017.json'
    first = json.loads(annotations.read_text())['images'][0]['file_name']
    bare = cv2.imread(str(pictures / 'val2017' / first))
    bare = cv2.resize(bare, None, fx=2, fy=2)
    changed = (drawn[: len(bare), : bare.shape[1]] != bare).any(-1)
    assert 50 < changed.sum() < 0.1 * changed.size  # keypoints
