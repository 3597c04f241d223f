"""Reading checkpoints without running any code in them."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from distilpose_runtime.errors import UserFileNotFoundError

from ..keypoints.metainfo import keypoint_names
from .fetch import CheckpointError, local_file

__all__ = [
    'explain',
    'load_weights',
    'read_keypoint_names',
    'read_state_dict',
]


def read_state_dict(source: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint.

    Args:
        source: A file, or an HTTP address. What is downloaded stays in
            PyTorch's cache; see ``place_of``.

    Returns:
        The tensors by name, on the CPU.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It cannot be downloaded or read safely, or holds no
            state dict.
    """
    state = loaded = _read(source)
    if isinstance(loaded, dict):
        state = loaded.get('state_dict', loaded)
    if (
        not isinstance(state, dict)
        or not state
        or not all(
            isinstance(name, str) and isinstance(value, Tensor)
            for name, value in state.items()
        )
    ):
        raise CheckpointError(
            f'The checkpoint "{source}" holds no state dict: expected tensors '
            'by name, at the top or under "state_dict".'
        )
    return state


def load_weights(
    model: nn.Module, state: dict[str, Tensor], source: str | Path
) -> None:
    """Load a state dict that has all weights of a model.

    Extra tensors are ignored: older files have some. What a file lacks,
    MMEngine leaves random, and the model predicts noise. PyTorch says what is
    missing: it fills in buffers that older versions did not save.

    Args:
        model: The model.
        state: The state dict; ``module.`` before its names is cut off in
            place.
        source: What to call it.

    Raises:
        CheckpointError: Weights are missing or of another shape.
    """
    consume_prefix_in_state_dict_if_present(state, 'module.')
    try:
        missing = model.load_state_dict(state, strict=False).missing_keys
        more = ', ...' if len(missing) > 3 else ''
        reason = f'{len(missing)} weights ({", ".join(missing[:3])}{more})'
        reason = f'it lacks {reason}.' if missing else ''
    except RuntimeError as error:  # of other shapes
        lines = [line.strip()[:150] for line in str(error).splitlines()]
        reason = ' '.join(lines[1:4])
    if reason:
        raise CheckpointError(
            f'The checkpoint "{source}" is of another model than the config: '
            f'{reason} Give a pair that belongs together.'
        )


def read_keypoint_names(source: str | Path) -> list[str] | None:
    """Read which keypoints a checkpoint of MMEngine's runner is of.

    Args:
        source: As of ``read_state_dict``, with the same errors.

    Returns:
        Their names in order, or None where the checkpoint does not say.
    """
    loaded = _read(source)
    meta = loaded.get('meta') if isinstance(loaded, dict) else None
    return keypoint_names((meta or {}).get('dataset_meta'))


def _read(source: str | Path) -> Any:
    """Load a checkpoint without running code in it."""
    path = local_file(str(source))
    if not path.is_file():
        raise UserFileNotFoundError(
            f'There is no checkpoint "{path}" (looked from {Path.cwd()}).'
        )
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # of many types, for as many faults
        raise CheckpointError(explain(str(source), error)) from error


def explain(source: str, error: Exception) -> str:
    """Say why PyTorch did not load a checkpoint.

    Args:
        source: What to call it.
        error: What PyTorch raised.
    """
    refused = re.search(
        r"(?:GLOBAL |Unsupported class |got <class ')([\w.]+)", str(error)
    )
    if refused:
        return (
            f'The checkpoint "{source}" holds a "{refused[1]}", which is no '
            'tensor or plain value. Loading it might run code, so it is '
            'refused. If you trust where the file comes from, load it with '
            '`torch.load(..., weights_only=False)`, save its "state_dict" '
            'alone, and give that file.'
        )
    # PyTorch's second sentence advises to run the code in the file.
    sentence = re.split(r'\.\s|\n', str(error))[0][:300]
    reason = f'{type(error).__name__}: {sentence}'.rstrip(': ')
    return (
        f'The checkpoint "{source}" cannot be read ({reason}). It must be a '
        'complete file that PyTorch wrote: compare its size with the '
        'original, or copy it again.'
    )
