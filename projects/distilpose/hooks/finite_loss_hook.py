"""A hook that ends a training whose loss is not finite."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner, find_latest_checkpoint
from mmpose.registry import HOOKS
from torch import Tensor

from distilpose_runtime.errors import UserRuntimeError

__all__ = ['FiniteLossHook']


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Let no training go on, and be saved, with weights that are NaN.

    A loss that is NaN or infinite makes every weight so at the next step of
    the optimizer. Two cases leave the weights as they are: a loss scaler
    (``AmpOptimWrapper``) skips the step, and accumulated gradients have not
    been applied yet. Then the hook warns, and ends the training when it has
    lasted for ``patience`` iterations. No checkpoint of broken weights is
    written.

    Args:
        patience: How many iterations in a row may have a loss that is not
            finite, while the weights are.
    """

    # After RuntimeInfoHook, before what averages, logs or saves weights.
    priority = 'HIGH'

    def __init__(self, patience: int = 100) -> None:
        self.patience = patience
        self._in_a_row = 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Look at the loss, and only if it is not finite at the weights.

        Raises:
            RuntimeError: The loss and the weights are not finite, or the loss
                has not been for long.
        """
        if not outputs or 'loss' not in outputs or _is_finite(outputs['loss']):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        terms = [k for k, value in outputs.items() if not _is_finite(value)]
        where = (
            f'In iteration {runner.iter + 1} (epoch {runner.epoch + 1}), '
            f'{", ".join(terms)} are NaN or infinite'
        )
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        if not _are_finite(model.state_dict()):
            raise UserRuntimeError(
                _explain(runner, f'{where}, and so are weights')
            )
        if self._in_a_row >= self.patience:
            raise UserRuntimeError(
                _explain(
                    runner,
                    f'{where}, now for {self._in_a_row} iterations in a row',
                )
            )
        if self._in_a_row == 1:
            runner.logger.warning(
                f'{where}. The weights are still finite: the step was '
                f'skipped or is yet to come. {self.patience} such iterations '
                'in a row end the training.'
            )

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Look at the weights that are to be saved.

        Raises:
            RuntimeError: They are not finite.
        """
        if not _are_finite(checkpoint['state_dict']):
            raise UserRuntimeError(
                _explain(
                    runner,
                    f'After iteration {runner.iter + 1} (epoch '
                    f'{runner.epoch + 1}), weights are NaN or infinite and '
                    'were not saved',
                )
            )


def _is_finite(value: Any) -> bool:
    return bool(torch.as_tensor(value).isfinite().all())


def _are_finite(state: dict[str, Any]) -> bool:
    """Whether all weights are, asked of the device once.

    Observers of quantization-aware training begin with infinite ranges.
    """
    finite: list[Tensor] = [
        tensor.isfinite().all()
        for name, tensor in state.items()
        if isinstance(tensor, Tensor)
        and tensor.is_floating_point()
        and not name.endswith(('min_val', 'max_val'))
    ]
    return not finite or bool(torch.stack(finite).all())


def _explain(runner: Runner, what: str) -> str:
    last = find_latest_checkpoint(runner.work_dir)
    return (
        f'{what}. The training was ended. Likely causes: a learning rate that '
        'is too high, labels or images with NaN, or half precision (float16) '
        'that overflows; a lower optim_wrapper.optimizer.lr, '
        'optim_wrapper.clip_grad=dict(max_norm=1.) or bfloat16 helps against '
        'the first and the last. '
        + (
            f'The last checkpoint, {last}, was written before and is whole: '
            'mend the cause and go on with --resume.'
            if last
            else 'No checkpoint was written: mend the cause and begin anew.'
        )
    )
