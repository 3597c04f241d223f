"""The distillation: a student, its frozen teacher, and the terms between."""

from ..losses.paper import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from ..losses.teacher_labels import TeacherLabelLoss
from .estimator import DistilPoseEstimator

__all__ = [
    'DistilPoseEstimator',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'TeacherLabelLoss',
    'TokenDistillationLoss',
]
