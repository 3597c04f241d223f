"""What makes a trained model fast, apart from the models themselves."""

from .fuse import PointwiseLinear, deploy, fuse
from .micro_batches import MicroBatches

__all__ = ['MicroBatches', 'PointwiseLinear', 'deploy', 'fuse']
