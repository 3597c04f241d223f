"""Seeded weights and images on which the original release was recorded.

This folder holds what the original code (MMPose 0.22, run in float64) makes
of them: ``forward.npz`` its outputs, ``losses.npz`` its losses and gradients,
``state_dict_shapes.json`` the names and shapes of its tensors.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from distilpose.models.token_distilling_encoder import sine_position_table

DATA = Path(__file__).parent
META = json.loads((DATA / 'state_dict_shapes.json').read_text())


def images() -> Tensor:
    """The input batch (2, 3, 256, 192), float64, normalized."""
    rng = np.random.default_rng(META['image_seed'])
    array = rng.standard_normal(tuple(META['image_shape'])).astype(np.float32)
    return torch.from_numpy(array).double()


def original_state_dict(model: str) -> dict[str, Tensor]:
    """Weights of one of the four models, under the original names."""
    shapes = META['shapes'][model]
    state = {}
    for i, name in enumerate(sorted(shapes)):
        if name.endswith('pos_embedding'):
            # Not seeded, but the fixed table of 16 x 16 visual tokens.
            state[name] = sine_position_table(16, 16, 192).float()
        else:
            array = _seeded(name, tuple(shapes[name]), META['seeds'][model], i)
            state[name] = torch.from_numpy(array)
    return state


def _seeded(name: str, shape: tuple, seed: int, index: int) -> np.ndarray:
    leaf = name.rsplit('.', 1)[-1]
    if leaf == 'num_batches_tracked':
        return np.zeros(shape, np.int64)
    values = np.random.default_rng([seed, index]).standard_normal(shape)
    values = values.astype(np.float32)
    if leaf == 'running_var':
        values = 1 + 0.2 * np.abs(values)
    elif leaf == 'weight' and len(shape) == 1:
        values = 1 + 0.1 * values
    elif len(shape) <= 1:
        values = 0.1 * values
    else:
        fan_in = int(np.prod(shape[1:])) if leaf == 'weight' else shape[-1]
        values = values / np.sqrt(fan_in).astype(np.float32)
    return values.astype(np.float32)


def assert_equal(actual: Tensor, expected: np.ndarray) -> None:
    """Within 1e-6, relative to the largest value."""
    limit = 1e-6 * np.abs(expected).max()
    actual = actual.detach().numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=limit)


def recorded(file: str) -> dict[str, np.ndarray]:
    """The arrays of ``forward.npz`` or ``losses.npz``, by name."""
    with np.load(DATA / file) as arrays:
        return dict(arrays)
