"""A hook that makes testing as fast as deployment."""

from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from ..deploy import deploy
from .runner import model_of, trains

__all__ = ['DeployHook']


@HOOKS.register_module()
class DeployHook(Hook):
    """Fuse and reorder a model before it is tested.

    Only where nothing is trained in the same run; the checkpoint has been
    loaded by then. Predictions stay the same up to rounding.
    """

    def before_test(self, runner: Runner) -> None:
        if trains(runner):
            return  # and may go on
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            return  # which puts its own weights, unfused, in place
        deploy(model_of(runner))
        runner.logger.info('Model fused and reordered for inference.')
