"""Reading checkpoints without running any code in them."""

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distilpose_runtime.errors import UserFileNotFoundError

from .fetch import CheckpointError, local_file

__all__ = [
    'expect_weights_of',
    'explain',
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


def expect_weights_of(
    model: nn.Module, state: dict[str, Tensor], source: str
) -> None:
    """See that a state dict has all weights of a model.

    What it has beyond these is of no harm: older files do. What it lacks,
    MMEngine leaves random, and the model predicts noise.

    Args:
        model: The model.
        state: The state dict; ``module.`` before its names is passed over.
        source: What to call it.

    Raises:
        CheckpointError: Weights are missing or of another shape.
    """
    shapes = {
        re.sub(r'^module\.', '', name): value.shape
        for name, value in state.items()
        if isinstance(value, Tensor)
    }
    wrong = [
        f'{name} {tuple(value.shape)}'
        for name, value in model.state_dict().items()
        if shapes.get(name) != value.shape
    ]
    if wrong:
        more = ', ...' if len(wrong) > 3 else ''
        raise CheckpointError(
            f'The checkpoint "{source}" is of another model than the config: '
            f'it lacks, or has in another shape, {len(wrong)} of its weights '
            f'({", ".join(wrong[:3])}{more}). Give a pair that belongs '
            'together.'
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
    names = ((meta or {}).get('dataset_meta') or {}).get('keypoint_id2name')
    return [names[i] for i in sorted(names)] if names else None


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
