"""A hook that logs how well each keypoint follows the teacher."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpose.registry import HOOKS
from torch import Tensor

from .runner import model_of

__all__ = ['KeypointDistanceHook']


@HOOKS.register_module()
class KeypointDistanceHook(Hook):
    """Log the distance of student and teacher for each keypoint.

    At each validation: the mean over the training batches of all processes
    since the last one, in pixels of the input, and the share of keypoints
    where both agree. It needs no pass of the teacher over validation data.

    Args:
        threshold: Largest distance that counts as agreement, a fraction of
            the input's longer side.
    """

    def __init__(self, threshold: float = 0.05) -> None:
        self.threshold = threshold
        self._sums: Tensor | None = None  # (3, K): distance, agree, number

    def after_train_iter(self, runner: Runner, *args: Any, **kw: Any) -> None:
        """Add up the distances of a batch, on their device."""
        model = model_of(runner)
        distances = getattr(model, 'keypoint_distances', None)
        if distances is None:
            return
        limit = self.threshold * max(model.teacher.student.size)
        sums = torch.stack(
            [
                distances.nansum(0),
                (distances <= limit).sum(0),
                distances.isfinite().sum(0),
            ]
        )
        self._sums = sums if self._sums is None else self._sums + sums

    def before_val_epoch(self, runner: Runner) -> None:
        """Log what was added up, and begin anew."""
        if self._sums is None:
            return
        all_reduce(self._sums)
        distances, agree, number = self._sums.cpu()
        self._sums = None
        total = number.sum().clamp(min=1)
        names = model_of(runner).teacher.student_keypoints or ()
        if len(names) != len(number):
            names = [f'keypoint {i}' for i in range(len(number))]
        seen = {
            name: float(distance / n)
            for name, distance, n in zip(names, distances, number)
            if n
        }
        runner.logger.info(
            'Student and teacher agree on %.1f %% of the keypoints within '
            '%g %% of the input; they are %.2f pixels apart on average: %s',
            100 * float(agree.sum() / total),
            100 * self.threshold,
            float(distances.sum() / total),
            ', '.join(f'{name} {x:.1f}' for name, x in seen.items()),
        )
        by_iterations = isinstance(runner.train_loop, IterBasedTrainLoop)
        runner.visualizer.add_scalars(
            {f'teacher/distance_px/{name}': x for name, x in seen.items()},
            step=runner.iter if by_iterations else runner.epoch,
        )
