"""The configs that are installed, MMPose's and ours, and their models."""

from .build import build_model, build_without_weights
from .find import find_config, input_size, installed_configs, read_config
from .published import published_ap, published_weights

__all__ = [
    'build_model',
    'build_without_weights',
    'find_config',
    'input_size',
    'installed_configs',
    'published_ap',
    'published_weights',
    'read_config',
]
