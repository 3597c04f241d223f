"""The demo's student as an ONNX file, and a picture of its predictions."""

from pathlib import Path

import cv2
import numpy as np

from distilpose.deploy.export import export_onnx
from distilpose_runtime import PoseEstimator, draw
from distilpose_runtime.calibration.labels import read_labels
from distilpose_runtime.images import read_image, write_image

from .training import Training

__all__ = ['write_predictions']

PICTURES = 6
SCALE = 2  # the pictures are small


def write_predictions(folder: Path, data: Path, student: Training) -> str:
    """Write ``student.onnx``, and ``predictions.png`` by the runtime.

    Args:
        folder: Where to write them.
        data: The demo's data.
        student: The complete run of the student.

    Returns:
        The files' paths, to print.
    """
    file, picture = folder / 'student.onnx', folder / 'predictions.png'
    difference = export_onnx(student.config, str(student.checkpoint), file)
    model = PoseEstimator(file)
    annotations = data / 'annotations/person_keypoints_val2017.json'
    people = read_labels(annotations, data / 'val2017', model.names)
    cells = []
    for labels in people[:PICTURES]:
        pixels = read_image(labels.path)
        pixels = cv2.resize(pixels, None, fx=SCALE, fy=SCALE)
        poses = model(pixels, SCALE * labels.boxes)
        cells.append(draw(pixels, poses, min_score=0))
    height = max(len(cell) for cell in cells)
    cells = [
        np.pad(cell, ((0, height - len(cell)), (0, 0), (0, 0)))
        for cell in cells
    ]
    write_image(picture, np.hstack(cells))
    return (
        f'The distilled student without PyTorch: {file} (difference from '
        f'PyTorch: {difference})\nIts predictions: {picture}'
    )
