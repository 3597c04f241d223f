"""The distillation: a student, its frozen teacher, and the terms between."""

from . import adapters  # noqa: F401  (registers them)
from .coordinate_loss import TeacherCoordinateLoss
from .cycle import CyclePoseEstimator
from .estimator import DistilPoseEstimator
from .losses import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)

__all__ = [
    'CyclePoseEstimator',
    'DistilPoseEstimator',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TeacherCoordinateLoss',
    'TokenDistillationLoss',
]
