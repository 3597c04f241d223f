"""Keypoints of people by an exported model, without PyTorch or MMPose.

    from distilpose_runtime import Detector, PoseEstimator, draw

    detector, model = Detector(), PoseEstimator('student.onnx')
    boxes, _ = detector(image)
    poses = model(image, boxes)
    annotated = draw(image, poses)

It needs NumPy, OpenCV and ONNX Runtime alone. ``distilpose export`` writes
the models.
"""

from .boxes import box_faults
from .detectors import Detector, DetectorError
from .drawing import draw
from .estimator import PoseEstimator
from .follower import Follower
from .formats.key_points import to_supervision
from .metadata import ModelError, ModelInfo
from .poses import Poses

__all__ = [
    'Detector',
    'DetectorError',
    'Follower',
    'ModelError',
    'ModelInfo',
    'PoseEstimator',
    'Poses',
    'box_faults',
    'draw',
    'to_supervision',
]
