"""A training run on your own data: ``distilpose init``."""

from .init import init

__all__ = ['init']
