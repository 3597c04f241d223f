"""The version, which imports nothing."""

__all__ = ['__version__']

__version__ = '0.3.0'
