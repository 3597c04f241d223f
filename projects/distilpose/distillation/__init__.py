"""The distillation: a student, its frozen teacher, and the terms between."""

from ..losses.paper import (
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from ..losses.same_kind import HeatmapDistillationLoss, RowDistillationLoss
from ..losses.teacher_labels import TeacherLabelLoss
from .estimator import DistilPoseEstimator

__all__ = [
    'DistilPoseEstimator',
    'HeatmapDistillationLoss',
    'KeypointScoreLoss',
    'RowDistillationLoss',
    'SimulatedHeatmapLoss',
    'TeacherLabelLoss',
    'TokenDistillationLoss',
]
