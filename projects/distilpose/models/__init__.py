from ..losses.peaked_heatmap import PeakedHeatmapLoss
from .distilpose_head import DistilPoseHead, KeypointPrediction
from .hrnet_3stage import HRNet3Stage
from .pooled_head import PooledDistilPoseHead
from .stem_net import StemNet
from .timm_backbone import TimmBackbone
from .token_distilling_encoder import TokenDistillingEncoder, Tokens
from .tokenpose_head import TokenPoseHead

__all__ = [
    'DistilPoseHead',
    'HRNet3Stage',
    'KeypointPrediction',
    'PeakedHeatmapLoss',
    'PooledDistilPoseHead',
    'StemNet',
    'TimmBackbone',
    'TokenDistillingEncoder',
    'TokenPoseHead',
    'Tokens',
]
