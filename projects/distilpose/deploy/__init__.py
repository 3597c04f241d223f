"""What makes a trained model fast, apart from the models themselves."""

from .fuse import deploy

__all__ = ['deploy']
