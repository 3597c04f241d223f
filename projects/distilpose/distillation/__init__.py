"""The distillation: a student, its frozen teacher, and the terms between."""

from .estimator import DistilPoseEstimator
from .losses import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)

__all__ = [
    'DistilPoseEstimator',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TokenDistillationLoss',
]
