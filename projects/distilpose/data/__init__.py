"""Data: a dataset and a transform, and checks before training."""

from .datasets import check_dataset, explain, parts
from .findings import Findings
from .load_image_once import LoadImageOnce
from .unlabelled import UnlabelledPeopleDataset

__all__ = [
    'Findings',
    'LoadImageOnce',
    'UnlabelledPeopleDataset',
    'check_dataset',
    'explain',
    'parts',
]
