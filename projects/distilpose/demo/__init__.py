"""The demo's data: drawn people in the layout of COCO."""

from .dataset import make_dataset

__all__ = ['make_dataset']
