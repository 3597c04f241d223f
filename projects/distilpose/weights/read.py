"""Reading checkpoints without running any code in them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from distilpose_runtime.errors import UserFileNotFoundError
from distilpose_runtime.few import few

from ..keypoints.metainfo import keypoint_names
from .fetch import CheckpointError, local_file

__all__ = [
    'Checkpoint',
    'explain',
    'load_weights',
    'read_checkpoint',
    'read_state_dict',
]


class Checkpoint(NamedTuple):
    """What a file of weights holds."""

    state: dict[str, Tensor]  # tensors by name, on the CPU
    meta: dict[str, Any]  # what MMEngine's runner wrote, if anything

    @property
    def keypoint_names(self) -> list[str] | None:
        """Names of its keypoints in order, or None if it has none."""
        return keypoint_names(self.meta.get('dataset_meta'))


def read_checkpoint(source: str | Path) -> Checkpoint:
    """Read a checkpoint, of a file or an address, without running code in it.

    What is downloaded stays in PyTorch's cache; see ``place_of``.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It cannot be downloaded or read safely, or holds no
            state dict.
    """
    path = local_file(str(source))
    if not path.is_file():
        raise UserFileNotFoundError(explain(str(path), FileNotFoundError()))
    try:
        loaded = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # of many types, for as many faults
        raise CheckpointError(explain(str(source), error)) from error
    content = loaded if isinstance(loaded, dict) else {}
    state, meta = content.get('state_dict', content), content.get('meta')
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
    return Checkpoint(state, meta if isinstance(meta, dict) else {})


def read_state_dict(source: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint, as of ``read_checkpoint``."""
    return read_checkpoint(source).state


def load_weights(
    model: nn.Module, state: dict[str, Tensor], source: str | Path
) -> None:
    """Load a state dict that has all weights of a model.

    Extra tensors are ignored: older files have some. MMEngine would leave
    missing tensors random, and the model would predict noise. Buffers that
    older versions did not save are filled in by PyTorch. ``module.`` before
    the names is cut off, in place.

    Raises:
        CheckpointError: Weights are missing or of another shape.
    """
    consume_prefix_in_state_dict_if_present(state, 'module.')
    reason = ''
    try:
        missing = model.load_state_dict(state, strict=False).missing_keys
        if missing:
            reason = f'it lacks {len(missing)} weights ({few(missing, 3)}).'
    except RuntimeError as error:  # of other shapes
        lines = [line.strip()[:150] for line in str(error).splitlines()]
        reason = ' '.join(lines[1:4])
    if reason:
        raise CheckpointError(
            f'The checkpoint "{source}" is of another model than the config: '
            f'{reason} Give a pair that belongs together.'
        )


def explain(source: str, error: Exception) -> str:
    """Say why PyTorch did not load a checkpoint."""
    if isinstance(error, FileNotFoundError):
        others = [x.name for x in sorted(Path(source).parent.glob('*.pth'))]
        return (
            f'There is no checkpoint "{source}" (looked from {Path.cwd()}).'
            + (f' In that folder: {few(others)}.' if others else '')
        )
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
