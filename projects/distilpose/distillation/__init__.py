"""The distillation: a student, its frozen teacher, and the terms between."""

from ..losses.coordinates import TeacherCoordinateLoss
from ..losses.paper import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from .cycle import CyclePoseEstimator
from .estimator import DistilPoseEstimator

__all__ = [
    'CyclePoseEstimator',
    'DistilPoseEstimator',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TeacherCoordinateLoss',
    'TokenDistillationLoss',
]
