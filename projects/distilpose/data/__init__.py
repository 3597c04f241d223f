"""Checks of data before training, and a transform."""

from .datasets import check_dataset, explain, parts
from .findings import Findings
from .load_image_once import LoadImageOnce

__all__ = [
    'Findings',
    'LoadImageOnce',
    'check_dataset',
    'explain',
    'parts',
]
