from .distilpose_estimator import DistilPoseEstimator
from .distilpose_head import DistilPoseHead, KeypointPrediction
from .hrnet_3stage import HRNet3Stage
from .losses import (
    KeypointScoreLoss,
    PeakedHeatmapLoss,
    SimulatedHeatmapLoss,
    TokenDistillationLoss,
)
from .stem_net import StemNet
from .token_distilling_encoder import TokenDistillingEncoder, Tokens
from .tokenpose_head import TokenPoseHead

__all__ = [
    'DistilPoseEstimator',
    'DistilPoseHead',
    'HRNet3Stage',
    'KeypointPrediction',
    'KeypointScoreLoss',
    'PeakedHeatmapLoss',
    'SimulatedHeatmapLoss',
    'StemNet',
    'TokenDistillationLoss',
    'TokenDistillingEncoder',
    'TokenPoseHead',
    'Tokens',
]
