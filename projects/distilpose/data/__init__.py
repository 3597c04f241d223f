"""Checks of data before training."""

from .datasets import check_dataset, explain, parts
from .findings import Findings

__all__ = ['Findings', 'check_dataset', 'explain', 'parts']
