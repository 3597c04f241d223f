"""Data: a dataset of people without labels, and images kept in memory."""

from .load_image_once import LoadImageOnce
from .unlabelled import UnlabelledPeopleDataset

__all__ = ['LoadImageOnce', 'UnlabelledPeopleDataset']
