"""A hook that makes testing as fast as deployment."""

from mmengine.hooks import EMAHook, Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS

from ..deploy import deploy

__all__ = ['DeployHook']


@HOOKS.register_module()
class DeployHook(Hook):
    """Fuse and reorder a model before it is tested.

    Only where nothing is trained in the same run; the checkpoint has been
    loaded by then. Predictions stay the same up to rounding.
    """

    def before_test(self, runner: Runner) -> None:
        if isinstance(runner._train_loop, BaseLoop):
            return  # a training, which may go on
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            return  # which puts its own weights, unfused, in place
        model = runner.model
        deploy(model.module if is_model_wrapper(model) else model)
        runner.logger.info('Model fused and reordered for inference.')
