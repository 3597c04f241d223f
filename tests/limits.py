"""Marks of tests for what the oldest supported versions cannot do, and a
limit on files that stands for a full disk."""

import resource
from contextlib import contextmanager

import pytest
import torch
from mmengine.utils import digit_version

TORCH = digit_version(torch.__version__)

exact_bfloat16 = pytest.mark.skipif(
    digit_version('2.2.0') > TORCH,
    reason='bfloat16 of PyTorch 2.1 is further off on CPUs',
)
numpy_in_checkpoints = pytest.mark.skipif(
    digit_version('2.6.0') > TORCH,
    reason='before PyTorch 2.6, safe loading refuses values of NumPy',
)


@contextmanager
def files_of_at_most(size):
    """Let no file that is written have more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
