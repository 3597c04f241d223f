from .dataset_check_hook import DatasetCheckHook
from .distillation_visualization_hook import DistillationVisualizationHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .seed_epoch_hook import SeedEpochHook

__all__ = [
    'DatasetCheckHook',
    'DistillationVisualizationHook',
    'SafeCheckpointHook',
    'SeedEpochHook',
]
