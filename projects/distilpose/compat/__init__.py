"""Faults of the packages below DistilPose, and what is done about each.

Each entry is one function: its docstring names the upstream fault, it does
something only where the fault is present, and it returns whether it did.
Each has a test. Nothing else in the project changes how a stock package
behaves.
"""

import torch
from mmengine.utils import digit_version

from distilpose_runtime.errors import UserImportError

from .checkpoints import (
    allow_mmengine_checkpoints,
    explain_unusable_checkpoints,
)
from .mmcv_lite import OWN_PARTS, own_parts_of_mmdet, stub_mmcv_ops
from .wrappers import (
    checkpoint_without_reentry,
    explain_unusable_datasets,
    give_opencv_scalars,
)

__all__ = [
    'OWN_PARTS',
    'apply',
    'explain_unusable_checkpoints',
    'explain_unusable_datasets',
]

MMPOSE_MINIMUM, MMPOSE_LIMIT = '1.3.0', '2.0.0'
TORCH_MINIMUM = '2.1.0'  # exports scaled_dot_product_attention


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
