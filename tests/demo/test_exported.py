"""The demo's student leaves it, and is seen at work."""

import cv2
import numpy as np
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
    # Skeletons are more colourful than the people.
    colour = np.ptp(drawn.astype(int), axis=-1)
    assert (colour > 200).sum() > 1000
