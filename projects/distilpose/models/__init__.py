from .distilpose_estimator import DistilPoseEstimator
from .distilpose_head import DistilPoseHead, KeypointPrediction
from .hrnet_3stage import HRNet3Stage
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
    'HRNet3Stage',
    'KeypointPrediction',
    'KeypointScoreLoss',
    'SimulatedHeatmapLoss',
    'StemNet',
    'TokenDistillationLoss',
    'TokenDistillingEncoder',
    'TokenPoseHead',
    'Tokens',
]
