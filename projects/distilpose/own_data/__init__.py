"""A training run on data of one's own: ``distilpose init``."""

from .init import init

__all__ = ['init']
