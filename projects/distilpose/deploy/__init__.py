"""Trained models made fast, and their export to ONNX."""

from .fuse import PointwiseLinear, deploy, fuse
from .micro_batches import MicroBatches

__all__ = ['MicroBatches', 'PointwiseLinear', 'deploy', 'fuse']
