"""Faults of the packages below DistilPose, and what is done about each.

Each entry is one function: its docstring names the upstream fault, it does
something only where the fault is present, and it returns whether it did.
``tests/test_compat.py`` has a test for each. Nothing else in the project
changes how a stock package behaves.
"""

import functools
import importlib
import pickle
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from mmengine import visualization
from mmengine.fileio import exists
from mmengine.logging import HistoryBuffer
from mmengine.optim import OneCycleParamScheduler
from mmengine.runner.checkpoint import CheckpointLoader
from mmengine.utils import digit_version

from distilpose_runtime.errors import (
    UserFileNotFoundError,
    UserImportError,
    UserValueError,
)

__all__ = [
    'allow_mmengine_checkpoints',
    'apply',
    'explain_unusable_checkpoints',
    'explain_unusable_datasets',
    'give_mlflow_valid_names',
    'give_opencv_scalars',
    'stub_mmcv_ops',
]

MMPOSE_MINIMUM, MMPOSE_LIMIT = '1.3.0', '2.0.0'
TORCH_MINIMUM = '2.1.0'  # exports scaled_dot_product_attention


def apply() -> None:
    """Check versions, then apply every entry.

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
    allow_mmengine_checkpoints()
    give_opencv_scalars()
    give_mlflow_valid_names()
    explain_unusable_datasets()
    explain_unusable_checkpoints()


def stub_mmcv_ops() -> bool:
    """Let MMPose's models be imported where MMCV has no compiled operators.

    Fault: MMPose up to 1.3.2 imports ``MultiScaleDeformableAttention`` from
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


def give_mlflow_valid_names() -> bool:
    """Let metrics and images of any name be logged to MLflow.

    Fault: MMEngine's MLflow backend passes names on as they are. MLflow takes
    letters, digits and ``_ - . : /`` and spaces, and images need the ending of
    an image file, so that the first ``coco/AP (M)`` of MMPose's CocoMetric and
    the first image of a visualizer end a training. Other characters become
    ``_``; an image without an ending is named as MMEngine's local backend
    names it, ``NAME_STEP.png``.
    """
    backend = getattr(visualization, 'MLflowVisBackend', None)
    if backend is None or not _passes_names_on(backend):
        return False
    add_image, add_scalar = backend.add_image, backend.add_scalar
    add_scalars = backend.add_scalars

    @functools.wraps(add_image)
    def image(
        self: Any, name: str, image: Any, step: int = 0, **kw: Any
    ) -> None:
        if not re.search(r'\.(png|jpe?g)$', name, re.IGNORECASE):
            name = f'{name}_{step}.png'
        add_image(self, name, image, step, **kw)

    @functools.wraps(add_scalar)
    def scalar(self: Any, name: str, *args: Any, **kw: Any) -> None:
        add_scalar(self, _mlflow_name(name), *args, **kw)

    @functools.wraps(add_scalars)
    def scalars(self: Any, scalar_dict: dict, *args: Any, **kw: Any) -> None:
        named = {_mlflow_name(name): x for name, x in scalar_dict.items()}
        add_scalars(self, named, *args, **kw)

    backend.add_image, backend.add_scalar = image, scalar
    backend.add_scalars = scalars
    return True


def _passes_names_on(backend: type) -> bool:
    """Whether a backend hands a name to MLflow that MLflow refuses."""
    names: list[str] = []
    probe: Any = object.__new__(backend)
    probe._env_initialized = True
    probe._mlflow = ModuleType('mlflow')
    probe._mlflow.log_metric = lambda name, *_, **__: names.append(name)
    probe.add_scalar('(', 0.0)
    return names == ['(']


def _mlflow_name(name: str) -> str:
    return re.sub(r'[^/\w.\- :]', '_', name)


def _numpy_refuses_arrays_as_scalars() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            int(np.array([1]))
        except TypeError:
            return True
    return False


class _MissingOperators(ModuleType):
    """Stands for ``mmcv.ops`` where MMCV has no compiled operators."""

    # A package: what is imported from it is looked for by `find_spec`.
    __path__: list[str] = []

    class MultiScaleDeformableAttention:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise UserImportError(_missing('MultiScaleDeformableAttention'))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(_missing(f'mmcv.ops.{name}'))

    @staticmethod
    def find_spec(name: str, *args: Any) -> None:
        """Refuse to import operators: a finder in ``sys.meta_path``."""
        if name.startswith('mmcv.ops.'):
            raise UserImportError(_missing(name), name=name)


def _missing(operator: str) -> str:
    return (
        f'{operator} needs the compiled operators of `mmcv`, but `mmcv-lite` '
        'is installed. Install mmcv (`make mmcv` builds it from source).'
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


def explain_unusable_datasets() -> bool:
    """Say what is wrong with a file that MMPose makes no dataset of.

    Fault: where an annotation file, or a file of detected boxes, leaves
    nobody, MMEngine fails with "need at least one array to concatenate", and
    where an entry cannot be read, MMPose fails with "77" or the like. Neither
    names the file, the entry or the cause. No hook runs before that. For a
    file that is not there, MMPose fails with an AssertionError, which does
    not say where it looked.
    """
    from mmpose.datasets.datasets.base import BaseCocoStyleDataset

    if 'full_init' in vars(BaseCocoStyleDataset):
        return False
    full_init = BaseCocoStyleDataset.full_init

    @functools.wraps(full_init)
    def explained(self: Any) -> None:
        try:
            full_init(self)
        except (AssertionError, LookupError, TypeError, ValueError) as error:
            from .checks.datasets import explain

            _expect_files(self)
            raise UserValueError(explain(self, error)) from error

    BaseCocoStyleDataset.full_init = explained
    return True


def _expect_files(dataset: Any) -> None:
    for key in ('ann_file', 'bbox_file'):
        file = getattr(dataset, key, None)
        if file and not exists(file):
            raise UserFileNotFoundError(
                f'{type(dataset).__name__} has {key}="{file}", which does not '
                f'exist (looked from {Path.cwd()}). Put the data there, or '
                f'set {key} and data_root of the dataset to where they are.'
            )


def explain_unusable_checkpoints() -> bool:
    """Name a checkpoint that cannot be read.

    Fault: of a damaged or cut-off file, MMEngine passes on what PyTorch's
    reader says, "[Errno 22] Invalid argument" for one, and not which file it
    is; of one that does not exist, not where it looked.
    """
    plain = CheckpointLoader._schemes['']
    if hasattr(plain, '__wrapped__'):
        return False

    @functools.wraps(plain)
    def explained(filename: str, map_location: Any) -> Any:
        try:
            return plain(filename, map_location)
        except FileNotFoundError as error:
            raise UserFileNotFoundError(
                f'There is no checkpoint "{filename}" (looked from '
                f'{Path.cwd()}). Correct its path.'
            ) from error
        except Exception as error:  # of many types, for as many faults
            from .weights.fetch import CheckpointError
            from .weights.read import explain

            raise CheckpointError(explain(filename, error)) from error

    CheckpointLoader.register_scheme('', loader=explained, force=True)
    return True
