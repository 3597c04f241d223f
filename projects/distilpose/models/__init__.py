from .distilpose_estimator import DistilPoseEstimator
from .distilpose_head import DistilPoseHead, KeypointPrediction
from .losses import (
    ForegroundMSELoss,
    KeypointScoreLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from .stem_net import StemNet
from .token_distilling_encoder import TokenDistillingEncoder, Tokens
from .tokenpose_head import TokenPoseHead

__all__ = [
    'DistilPoseEstimator',
    'DistilPoseHead',
    'ForegroundMSELoss',
    'KeypointPrediction',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'StemNet',
    'TokenDistillationLoss',
    'TokenDistillingEncoder',
    'TokenPoseHead',
    'Tokens',
]
