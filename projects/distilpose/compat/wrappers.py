"""Functions of MMEngine and MMPose that fail, wrapped."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from mmengine.runner import activation_checkpointing

from distilpose_runtime.errors import UserError

__all__ = [
    'checkpoint_without_reentry',
    'explain_unusable_datasets',
    'give_opencv_scalars',
]


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


def explain_unusable_datasets(
    explain: Callable[[Any, Exception], UserError | None],
) -> bool:
    """Explain why MMPose cannot make a dataset from a file.

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
