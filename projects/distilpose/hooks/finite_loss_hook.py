"""A hook that ends a training whose weights are not finite."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserRuntimeError

from .runner import model_of

__all__ = ['FiniteLossHook']

# A loss scaler begins at 65,536 and halves itself where gradients overflow.
SMALLEST_SCALE = 1e-6


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """End a training run whose weights are NaN, before it saves them.

    It ends with a RuntimeError, which names causes and the last checkpoint.
    While the weights are finite, a loss that is not finite is only a warning:
    a loss scaler skips the step (``AmpOptimWrapper``), and accumulated
    gradients are applied later. If the scaler is at its smallest scale and
    the loss is still not finite, the training ends as well.
    """

    # After RuntimeInfoHook, before what averages, logs or saves weights.
    priority = 'HIGH'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the loss, and only if it is not finite at the weights."""
        if not outputs or 'loss' not in outputs:
            return
        # All processes end together: none may wait for another's gradients.
        broken = (~outputs['loss'].detach().isfinite()).float()
        all_reduce(broken, 'max')
        if not broken:
            return
        terms = [k for k, x in outputs.items() if not x.isfinite().all()]
        what = ', '.join(terms) or 'losses of another process'
        if not _are_finite(model_of(runner).state_dict()):
            raise _end(
                runner, f'{what} are NaN or infinite, and so are weights'
            )
        scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        if scaler is not None and scaler.get_scale() < SMALLEST_SCALE:
            raise _end(runner, f'{what} are infinite at any scale of the loss')
        runner.logger.warning(
            f'{what} are NaN or infinite. The weights are still finite: the '
            'step was skipped or is yet to come.'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the weights that are to be saved."""
        if not _are_finite(checkpoint['state_dict']):
            raise _end(
                runner, 'weights are NaN or infinite and were not saved'
            )


def _are_finite(state: dict[str, Any]) -> bool:
    """Whether all weights are finite, asked of the device once."""
    finite = [x.isfinite().all() for x in state.values() if torch.is_tensor(x)]
    return not finite or bool(torch.stack(finite).all())


def _end(runner: Runner, what: str) -> UserRuntimeError:
    last = find_latest_checkpoint(runner.work_dir)
    then = f'go on with --resume from {last}, written before and whole.'
    return UserRuntimeError(
        f'The training was ended: in iteration {runner.iter + 1} (epoch '
        f'{runner.epoch + 1}), {what}. Likely causes: too high a learning '
        'rate, NaN in labels or images, or float16 that overflows. Lower '
        'optim_wrapper.optimizer.lr, set optim_wrapper.clip_grad='
        'dict(max_norm=1.), mend the data or take bfloat16; then '
        + (then if last else 'begin anew: no checkpoint was written.')
    )
