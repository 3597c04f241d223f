"""The distillation: a student, its frozen teacher, and the terms between."""

from ..losses.coordinates import TeacherCoordinateLoss
from ..losses.paper import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from .estimator import DistilPoseEstimator

__all__ = [
    'DistilPoseEstimator',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TeacherCoordinateLoss',
    'TokenDistillationLoss',
]
