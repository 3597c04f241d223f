"""Faults of the packages below DistilPose, and what is done about each.

Each entry is one function: its docstring names the upstream fault, it does
something only where the fault is present, and it returns whether it did.
``tests/test_compat.py`` has a test for each. Nothing else in the project
changes how a stock package behaves.
"""

import functools
import importlib
import os
import pickle
import sys
import warnings
from types import ModuleType
from typing import Any, List

import mmengine.dist.utils
import numpy as np
import torch
from mmengine.device import get_device
from mmengine.logging import HistoryBuffer
from mmengine.utils import digit_version

__all__ = [
    'allow_mmengine_checkpoints',
    'apply',
    'explain_launcher_without_gpu',
    'explain_unusable_datasets',
    'give_opencv_scalars',
    'stand_in_for_mmcv_ops',
]

MMPOSE_MINIMUM, MMPOSE_LIMIT = '1.1.0', '2.0.0'
TORCH_MINIMUM = '2.0.0'  # scaled_dot_product_attention


def apply() -> None:
    """Check versions, then apply every entry.

    Raises:
        ImportError: MMPose is missing, or a version cannot work.
    """
    if digit_version(torch.__version__) < digit_version(TORCH_MINIMUM):
        raise ImportError(
            f'distilpose needs PyTorch >={TORCH_MINIMUM}, but PyTorch '
            f'{torch.__version__} is installed.'
        )
    try:
        import mmpose
    except ImportError as error:
        raise ImportError(
            f'distilpose is a plugin of MMPose, which cannot be imported here '
            f'({error}). Install it with `mim install mmpose` or see '
            f'"Installation" in the README.'
        ) from error
    version = digit_version(mmpose.__version__)
    if not (
        digit_version(MMPOSE_MINIMUM) <= version < digit_version(MMPOSE_LIMIT)
    ):
        raise ImportError(
            f'distilpose needs MMPose >={MMPOSE_MINIMUM}, <{MMPOSE_LIMIT}, '
            f'but MMPose {mmpose.__version__} is installed. Install another '
            f'one with `mim install "mmpose>={MMPOSE_MINIMUM}"`.'
        )
    stand_in_for_mmcv_ops()
    allow_mmengine_checkpoints()
    explain_launcher_without_gpu()
    give_opencv_scalars()
    explain_unusable_datasets()


def stand_in_for_mmcv_ops() -> bool:
    """Let MMPose's models be imported where MMCV has no compiled operators.

    Fault: MMPose 1.1 to 1.3.2 imports ``MultiScaleDeformableAttention`` from
    ``mmcv.ops`` (for EDPose alone), unguarded, so that with ``mmcv-lite`` no
    model can be imported. The stand-in for ``mmcv.ops`` holds this one name;
    building the class, or importing any other operator, is an ImportError
    that says what to install. Attributes that are not there are an
    AttributeError, as everywhere: pickle and inspect ask all modules for
    theirs.
    """
    if 'mmcv.ops' in sys.modules:
        return False
    try:
        importlib.import_module('mmcv.ops')
    except ModuleNotFoundError as error:
        if error.name != 'mmcv._ext':
            raise
    else:
        return False
    # MMCV itself looks for the second name and warns where it is missing.
    for name in ('mmcv.ops', 'mmcv.ops.multi_scale_deform_attn'):
        stand_in = sys.modules[name] = _MissingOperators(name)
        parent, _, child = name.rpartition('.')
        setattr(sys.modules[parent], child, stand_in)
    sys.meta_path.append(_MissingOperators)
    return True


def allow_mmengine_checkpoints() -> bool:
    """Let MMEngine load its own checkpoints, with safe loading left on.

    Fault: from torch 2.6 on, ``torch.load`` refuses pickled globals that are
    not on its list (``weights_only=True``); MMEngine's checkpoints hold its
    log buffers, which are a class of its own around NumPy arrays, so that
    ``mim test`` and ``--resume`` fail. The globals allowed here carry data
    alone: none of them runs code of the file's choosing.
    """
    if digit_version(torch.__version__) < digit_version('2.6.0'):
        return False
    torch.serialization.add_safe_globals(_checkpoint_globals())
    return True


def explain_launcher_without_gpu() -> bool:
    """Say what is wrong with ``--launcher pytorch`` where there is no GPU.

    Fault: MMEngine's pytorch launcher selects a CUDA device whether there is
    one or not, and fails in the depths of PyTorch. (A process group that
    exists already, such as a test's with gloo, is left alone by MMEngine.)
    """
    if 'LOCAL_RANK' not in os.environ or get_device() != 'cpu':
        return False
    mmengine.dist.utils._init_dist_pytorch = _refuse_to_launch
    return True


def give_opencv_scalars() -> bool:
    """Let MMPose draw keypoints with NumPy >= 2.5.

    Fault: MMPose's visualizer hands radii to OpenCV as ``int(array([r]))``,
    which NumPy refuses from 2.5 on.
    """
    if not _numpy_refuses_arrays_as_scalars():
        return False
    from mmpose.visualization.opencv_backend_visualizer import (
        OpencvBackendVisualizer,
    )

    draw_circles = OpencvBackendVisualizer.draw_circles

    @functools.wraps(draw_circles)
    def draw(
        self: Any, center: Any, radius: Any, *args: Any, **kw: Any
    ) -> None:
        if self.backend == 'opencv':
            radius = np.ravel(radius)[0]
        draw_circles(self, center, radius, *args, **kw)

    OpencvBackendVisualizer.draw_circles = draw
    return True


def _numpy_refuses_arrays_as_scalars() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            int(np.array([1]))
        except TypeError:
            return True
    return False


def _refuse_to_launch(*args: Any, **kwargs: Any) -> None:
    raise SystemExit(
        'distilpose: the pytorch launcher needs a GPU for each process, and '
        'PyTorch finds none on this machine. Leave out --launcher and say '
        '--gpus 0 to train on the CPU in one process; if there are GPUs, '
        'check `python -c "import torch; print(torch.cuda.is_available())"`.'
    )


class _MissingOperators(ModuleType):
    """Stands for ``mmcv.ops`` where MMCV has no compiled operators."""

    # A package: what is imported from it is looked for by `find_spec`.
    __path__: List[str] = []

    class MultiScaleDeformableAttention:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise ImportError(_missing('MultiScaleDeformableAttention'))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(_missing(f'mmcv.ops.{name}'))

    @staticmethod
    def find_spec(name: str, *args: Any) -> None:
        """Refuse to import operators: a finder in ``sys.meta_path``."""
        if name.startswith('mmcv.ops.'):
            raise ImportError(_missing(name), name=name)


def _missing(operator: str) -> str:
    return (
        f'{operator} needs the compiled operators of `mmcv`, but `mmcv-lite` '
        'is installed. Install mmcv (`make mmcv` builds it from source).'
    )


def _checkpoint_globals() -> List[Any]:
    """What MMEngine's checkpoints hold besides tensors and plain types."""
    try:
        from numpy._core import multiarray
    except ImportError:  # NumPy < 1.26
        from numpy.core import multiarray
    allowed = [HistoryBuffer, np.ndarray, np.dtype]
    # HistoryBuffer pickles a table of its own methods by `getattr`, which
    # would reach anything. The name is allowed for those methods alone.
    allowed.append((_history_buffer_method, 'builtins.getattr'))
    for function in (multiarray._reconstruct, multiarray.scalar):
        # A file names the module as the NumPy that wrote it did.
        allowed += [
            (function, f'numpy.{name}.multiarray.{function.__name__}')
            for name in ('core', '_core')
        ]
    # The types of the arrays' elements, but for Python objects.
    for name, dtype in vars(getattr(np, 'dtypes', object)).items():
        if name.endswith('DType') and name != 'ObjectDType':
            allowed.append(dtype)
    return allowed


def _history_buffer_method(owner: Any, name: str) -> Any:
    """Stand for ``getattr`` in a checkpoint, for one purpose."""
    if owner is not HistoryBuffer or name.startswith('_'):
        raise pickle.UnpicklingError(
            f'The checkpoint asks for the attribute "{name}" of {owner!r}. '
            'Checkpoints of MMEngine hold no such thing: refused.'
        )
    return getattr(owner, name)


def explain_unusable_datasets() -> bool:
    """Say what is wrong with a file that MMPose makes no dataset of.

    Fault: where an annotation file, or a file of detected boxes, leaves
    nobody, MMEngine fails with "need at least one array to concatenate", and
    where an entry cannot be read, MMPose fails with "77" or the like. Neither
    names the file, the entry or the cause. No hook runs before that.
    """
    from mmpose.datasets.datasets.base import BaseCocoStyleDataset

    if 'full_init' in vars(BaseCocoStyleDataset):
        return False
    full_init = BaseCocoStyleDataset.full_init

    @functools.wraps(full_init)
    def explained(self: Any) -> None:
        try:
            full_init(self)
        except (LookupError, TypeError, ValueError) as error:
            from .data import explain

            raise ValueError(explain(self, error)) from error

    BaseCocoStyleDataset.full_init = explained
    return True
