"""Faults of the packages below DistilPose, and what is done about each.

Each entry is one function: its docstring names the upstream fault, it does
something only where the fault is present, and it returns whether it did.
``tests/test_compat.py`` has a test for each. Nothing else in the project
changes how a stock package behaves.
"""

import functools
import importlib
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.registry import Registry
from mmengine.runner import activation_checkpointing
from mmengine.runner.checkpoint import CheckpointLoader, load_from_local
from mmengine.utils import digit_version

from distilpose_runtime.errors import (
    UserError,
    UserFileNotFoundError,
    UserImportError,
    UserValueError,
)

__all__ = [
    'allow_mmengine_checkpoints',
    'apply',
    'checkpoint_without_reentry',
    'explain_unusable_checkpoints',
    'explain_unusable_datasets',
    'give_opencv_scalars',
    'own_parts_of_mmdet',
    'stub_mmcv_ops',
]

MMPOSE_MINIMUM, MMPOSE_LIMIT = '1.3.0', '2.0.0'
TORCH_MINIMUM = '2.1.0'  # exports scaled_dot_product_attention
_NO_OPERATORS = (
    'mmcv-lite has no compiled operators; install mmcv '
    '(`make mmcv` builds it from source)'
)

# Parts of MMDetection that MMPose or we have, of the same parameters.
OWN_PARTS = {
    'CSPNeXt',
    'CSPNeXtPAFPN',
    'PipelineSwitchHook',
    'YOLOXHSVRandomAug',
}


def apply() -> None:
    """Check versions, then apply every entry that MMPose's import needs.

    Raises:
        ImportError: MMPose is missing, or a version cannot work.
    """
    if digit_version(torch.__version__) < digit_version(TORCH_MINIMUM):
        raise UserImportError(
            f'distilpose needs PyTorch >={TORCH_MINIMUM}, but PyTorch '
            f'{torch.__version__} is installed.'
        )
    try:
        import mmpose
    except ImportError as error:
        raise UserImportError(
            f'distilpose is a plugin of MMPose, which cannot be imported here '
            f'({error}). Install it with `mim install mmpose` or see '
            '"Install" in the README.'
        ) from error
    version = digit_version(mmpose.__version__)
    if not (
        digit_version(MMPOSE_MINIMUM) <= version < digit_version(MMPOSE_LIMIT)
    ):
        raise UserImportError(
            f'distilpose needs MMPose >={MMPOSE_MINIMUM}, <{MMPOSE_LIMIT}, '
            f'but MMPose {mmpose.__version__} is installed. Install another '
            f'one with `mim install "mmpose>={MMPOSE_MINIMUM}"`.'
        )
    stub_mmcv_ops()
    own_parts_of_mmdet()
    allow_mmengine_checkpoints()
    give_opencv_scalars()
    checkpoint_without_reentry()


def stub_mmcv_ops() -> bool:
    """Let MMPose's models be imported where MMCV has no compiled operators.

    Fault: MMPose up to 1.3.2 imports ``MultiScaleDeformableAttention`` from
    ``mmcv.ops`` (for EDPose alone), unguarded, so that with ``mmcv-lite`` no
    model can be imported. The stand-in for ``mmcv.ops`` holds this one name,
    and building the class is an ImportError. So is importing another operator;
    Python's message then cites the module's ``__file__``, which says what to
    install.
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
        module: Any = ModuleType(name)
        module.__file__ = f'<{_NO_OPERATORS}>'
        module.MultiScaleDeformableAttention = MultiScaleDeformableAttention
        sys.modules[name] = module
        parent, _, child = name.rpartition('.')
        setattr(sys.modules[parent], child, module)
    return True


def own_parts_of_mmdet() -> bool:
    """Let MMPose's configs of RTMPose build without MMDetection.

    Fault: they name MMDetection's CSPNeXt and YOLOXHSVRandomAug, which MMPose
    has too, and its PipelineSwitchHook, which we have. MMDetection's can be
    imported only with MMCV's compiled operators. Where that fails, the parts
    of ``OWN_PARTS`` are taken from MMPose, and those without a package's name
    (``SyncBN``) from where all packages find them.
    """
    get = Registry.get
    if hasattr(get, '__wrapped__'):
        return False

    @functools.wraps(get)
    def get_or_own(self: Registry, key: str) -> type | None:
        try:
            return get(self, key)
        except ImportError:
            package, _, name = key.rpartition('.')
            root = self.root
            if (package or self.scope) == 'mmdet' and name in OWN_PARTS:
                return get(root, f'mmpose.{name}')
            if self.scope == 'mmdet' and name in root.module_dict:
                return get(root, name)
            raise

    Registry.get = get_or_own
    return True


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


def checkpoint_without_reentry() -> bool:
    """Let gradient checkpointing train every module.

    Fault: MMEngine's ``activation_checkpointing`` uses PyTorch's reentrant
    kind. A module whose input needs no gradient, such as a backbone, is then
    not trained, and named tuples become plain ones. A warning alone says so.
    """
    if isinstance(activation_checkpointing.checkpoint, functools.partial):
        return False
    activation_checkpointing.checkpoint = functools.partial(
        activation_checkpointing.checkpoint, use_reentrant=False
    )
    return True


def _numpy_refuses_arrays_as_scalars() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            int(np.array([1]))
        except TypeError:
            return True
    return False


class MultiScaleDeformableAttention:
    """Stands for MMCV's operator where there are none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise UserImportError(
            'MultiScaleDeformableAttention needs the compiled operators of '
            f'`mmcv`: {_NO_OPERATORS}'
        )


# The functions that MMEngine pickles as `getattr(class, name)`.
_METHODS: dict[type, list[str]] = {
    HistoryBuffer: ['min', 'max', 'current', 'mean'],
    OneCycleParamScheduler: ['_annealing_cos', '_annealing_linear'],
}


def _checkpoint_globals() -> list[Any]:
    """What MMEngine's checkpoints hold besides tensors and plain types."""
    try:
        multiarray: Any = importlib.import_module('numpy._core.multiarray')
    except ImportError:  # NumPy < 1.26
        multiarray = importlib.import_module('numpy.core.multiarray')
    # Empty bytes are pickled as a call, and so are frozen sets.
    allowed: list[Any] = [*_METHODS, np.ndarray, np.dtype, bytes, frozenset]
    # `getattr` itself would reach anything: it is allowed for a few methods.
    allowed.append((_method, 'builtins.getattr'))
    for function in (multiarray._reconstruct, multiarray.scalar):
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


def explain_unusable_datasets(
    explain: Callable[[Any, Exception], UserError | None],
) -> bool:
    """Say what is wrong with a file that MMPose makes no dataset of.

    Fault: where an annotation file, or a file of detected boxes, leaves
    nobody, MMEngine fails with "need at least one array to concatenate", and
    where an entry cannot be read, MMPose fails with "77" or the like. Neither
    names the file, the entry or the cause, and no hook runs before that.

    ``explain`` gives the error to raise in place of that of a dataset; None
    for a bug of the dataset's class, which stays as it is.
    """
    from mmpose.datasets.datasets.base import BaseCocoStyleDataset

    if 'full_init' in vars(BaseCocoStyleDataset):
        return False
    full_init = BaseCocoStyleDataset.full_init

    @functools.wraps(full_init)
    def explained(self: Any) -> None:
        try:
            full_init(self)
        except Exception as error:
            reason = explain(self, error)
            if reason is None:
                raise
            raise reason from error

    BaseCocoStyleDataset.full_init = explained
    return True


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
            raise UserFileNotFoundError(
                f'There is no checkpoint "{filename}" (looked from '
                f'{Path.cwd()}). Correct its path.'
            ) from error
        except Exception as error:  # of many types, for as many faults
            raise UserValueError(explain(filename, error)) from error

    CheckpointLoader.register_scheme('', loader=load, force=True)
    return True
