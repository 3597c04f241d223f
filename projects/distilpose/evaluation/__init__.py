from .jitter import KeypointJitter

__all__ = ['KeypointJitter']
