from .distilpose_head import DistilPoseHead, KeypointPrediction
from .hrnet_3stage import HRNet3Stage
from .peaked_heatmap_loss import PeakedHeatmapLoss
from .stem_net import StemNet
from .token_distilling_encoder import TokenDistillingEncoder, Tokens
from .tokenpose_head import TokenPoseHead

__all__ = [
    'DistilPoseHead',
    'HRNet3Stage',
    'KeypointPrediction',
    'PeakedHeatmapLoss',
    'StemNet',
    'TokenDistillingEncoder',
    'TokenPoseHead',
    'Tokens',
]
