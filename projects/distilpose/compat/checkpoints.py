"""Checkpoints that MMEngine writes and reads."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.runner.checkpoint import CheckpointLoader, load_from_local
from mmengine.utils import digit_version

from distilpose_runtime.errors import UserFileNotFoundError, UserValueError

__all__ = ['allow_mmengine_checkpoints', 'explain_unusable_checkpoints']

# The functions that MMEngine pickles as `getattr(class, name)`.
_METHODS: dict[type, list[str]] = {
    HistoryBuffer: ['min', 'max', 'current', 'mean'],
    OneCycleParamScheduler: ['_annealing_cos', '_annealing_linear'],
}


def allow_mmengine_checkpoints() -> bool:
    """Let MMEngine load its own checkpoints, with safe loading left on.

    Fault: from torch 2.6 on, ``torch.load`` refuses pickled globals that are
    not on its list (``weights_only=True``). Checkpoints of MMEngine hold more
    than that list has: log buffers, NumPy arrays of any dtype in a dataset's
    metainfo (empty ones, too: MMPose has 26 datasets without a skeleton), the
    curve of a one-cycle schedule. So ``mim test`` and ``--resume`` fail. The
    globals allowed here carry data alone: none of them runs code of the file's
    choosing.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return False
    torch.serialization.add_safe_globals(_checkpoint_globals())
    return True


def _checkpoint_globals() -> list[Any]:
    """What MMEngine's checkpoints hold besides tensors and plain types."""
    # Empty bytes are pickled as a call, and so are frozen sets.
    allowed: list[Any] = [*_METHODS, np.ndarray, np.dtype, bytes, frozenset]
    # `getattr` itself would reach anything: it is allowed for a few methods.
    allowed.append((_method, 'builtins.getattr'))
    for value in (np.empty(0), np.float64()):
        function: Any = value.__reduce__()[0]  # that makes it of a pickle
        # A file names the module as the NumPy that wrote it did.
        allowed += [
            (function, f'numpy.{name}.multiarray.{function.__name__}')
            for name in ('core', '_core')
        ]
    # The types of the arrays' elements, except Python objects.
    codes = set(np.typecodes['All']) - {'O'}
    allowed += {type(np.dtype(code)) for code in codes} - {np.dtype}
    return allowed


def _method(owner: Any, name: str) -> Any:
    """Stand for ``getattr`` in a checkpoint, for methods of MMEngine's."""
    if not isinstance(owner, type) or name not in _METHODS.get(owner, []):
        raise pickle.UnpicklingError(
            f'The checkpoint asks for the attribute "{name}" of {owner!r}. '
            'Checkpoints of MMEngine hold no such thing: refused.'
        )
    return getattr(owner, name)


def explain_unusable_checkpoints(
    explain: Callable[[str, Exception], str],
) -> bool:
    """Name a checkpoint that cannot be read; ``explain`` says why.

    Fault: of a damaged or cut-off file, MMEngine passes on what PyTorch's
    reader says, "[Errno 22] Invalid argument" for one, and not which file it
    is; of one that does not exist, not where it looked.
    """

    def load(filename: str, map_location: Any = None) -> Any:
        try:
            return load_from_local(filename, map_location)
        except FileNotFoundError as error:
            raise UserFileNotFoundError(explain(filename, error)) from error
        except Exception as error:  # of many types, for as many faults
            raise UserValueError(explain(filename, error)) from error

    CheckpointLoader.register_scheme('', loader=load, force=True)
    return True
