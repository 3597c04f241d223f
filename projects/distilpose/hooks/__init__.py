from . import removed  # noqa: F401
from .channels_last_hook import ChannelsLastHook
from .dataset_check_hook import DatasetCheckHook
from .deploy_hook import DeployHook
from .distillation_visualization_hook import DistillationVisualizationHook
from .fine_tune_hook import FineTuneHook
from .finite_loss_hook import FiniteLossHook
from .keypoint_distance_hook import KeypointDistanceHook
from .pipeline_switch_hook import PipelineSwitchHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .seed_epoch_hook import SeedEpochHook

__all__ = [
    'ChannelsLastHook',
    'DatasetCheckHook',
    'DeployHook',
    'DistillationVisualizationHook',
    'FineTuneHook',
    'FiniteLossHook',
    'KeypointDistanceHook',
    'PipelineSwitchHook',
    'SafeCheckpointHook',
    'SeedEpochHook',
]
