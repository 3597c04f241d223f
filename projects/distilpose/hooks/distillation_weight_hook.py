"""A hook that changes the weight of distillation in the course of training."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserTypeError, UserValueError

from ..distillation import DistilPoseEstimator

__all__ = ['DistillationWeightHook']


@HOOKS.register_module()
class DistillationWeightHook(Hook):
    """Warm distillation up, or let it fade.

    All distillation terms are multiplied by a factor. It rises from 0 to 1 in
    the warm-up, and falls from 1 to 0 between ``decay_begin`` and the end of
    training; in DWPose (arXiv 2307.15880) it falls all the time,
    ``decay_begin=0``. At a factor of 0 the teacher does not run. The log shows
    each term's effective weight.

    Args:
        warmup: Length of the warm-up, a share of the training run from 0 to 1.
        decay_begin: When the decay begins, a share of the training run, or
            None for no decay.

    Raises:
        ValueError: A share is not from 0 to 1.
    """

    def __init__(
        self, warmup: float = 0.0, decay_begin: float | None = None
    ) -> None:
        if not 0 <= warmup <= 1 or not 0 <= (decay_begin or 0) < 1:
            raise UserValueError(
                f'DistillationWeightHook: warmup={warmup}, decay_begin='
                f'{decay_begin}. Expected shares of the training run, such as '
                'warmup=0.1 and decay_begin=0.5.'
            )
        self.warmup = warmup
        self.decay_begin = decay_begin

    def before_train(self, runner: Runner) -> None:
        """See that there is something to weigh.

        Raises:
            TypeError: The model distils nothing.
        """
        if not isinstance(_model(runner), DistilPoseEstimator):
            raise UserTypeError(
                'DistillationWeightHook weighs the distillation terms of a '
                f'DistilPoseEstimator; the model is a '
                f'{type(_model(runner)).__name__}. Remove the hook from '
                'custom_hooks.'
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Set the factor for this step."""
        # Above 1 after resuming with a larger batch, or amid an epoch.
        progress = min(1.0, runner.iter / runner.train_loop.max_iters)
        _model(runner).distillation_factor = self.factor(progress)

    def factor(self, progress: float) -> float:
        """The factor after a share of the training run, from 0 to 1."""
        factor = min(1.0, progress / self.warmup) if self.warmup else 1.0
        if self.decay_begin is not None:
            left = (1 - progress) / (1 - self.decay_begin)
            factor *= min(1.0, left)
        return factor


def _model(runner: Runner) -> DistilPoseEstimator:
    model = runner.model
    return model.module if is_model_wrapper(model) else model
