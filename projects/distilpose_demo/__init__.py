"""The demo's data: synthetic people in the layout of COCO."""

from .dataset import make_dataset

__all__ = ['make_dataset']
