"""Reading checkpoints without running any code in them."""

import re
from pathlib import Path
from typing import Dict, Union
from urllib.parse import urlparse

import torch
from torch import Tensor

__all__ = ['CheckpointError', 'read_state_dict']


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says why."""


def read_state_dict(source: Union[str, Path]) -> Dict[str, Tensor]:
    """Read the tensors of a checkpoint.

    Args:
        source: A file, or an HTTP address, which is kept in PyTorch's cache.

    Returns:
        The tensors by name, on the CPU.

    Raises:
        FileNotFoundError: There is no such file.
        CheckpointError: It cannot be read safely, or holds no state dict.
    """
    path = _local_file(str(source))
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no checkpoint "{path}" (looked from {Path.cwd()}).'
        )
    try:
        loaded = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # of many types, for as many faults
        # PyTorch's second sentence advises to run the code in the file.
        sentence = re.split(r'\.\s|\n', str(error))[0][:300]
        reason = f'{type(error).__name__}: {sentence}'.rstrip(': ')
        raise CheckpointError(
            f'The checkpoint "{source}" cannot be read ({reason}). '
            'It must be a complete PyTorch checkpoint of tensors and plain '
            'values; what would run code is refused. Where it is a training '
            'checkpoint of your own and PyTorch is older than 2.6, strip it: '
            '`mim run mmpose publish_model IN OUT --save-keys state_dict`.'
        ) from error
    state = loaded
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


def _local_file(source: str) -> Path:
    address = urlparse(source)
    if address.scheme not in ('http', 'https'):
        return Path(source)
    file = Path(torch.hub.get_dir()) / 'checkpoints' / Path(address.path).name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(source, str(file))
    return file
