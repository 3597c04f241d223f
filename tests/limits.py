"""Marks of tests for what the oldest supported versions cannot do."""

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
