"""A hook that ends a training run on milder augmentation."""

from mmengine.dataset import Compose
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

__all__ = ['PipelineSwitchHook']


@HOOKS.register_module()
class PipelineSwitchHook(Hook):
    """Train through another pipeline from an epoch on.

    MMDetection has a hook of this name and these settings, which RTMPose's
    configs use; this one stands in for it where MMCV has no operators.

    Args:
        switch_epoch: The first epoch of the other pipeline, from 0 on.
        switch_pipeline: The configs of its transforms.
    """

    def __init__(self, switch_epoch: int, switch_pipeline: list[dict]) -> None:
        self.switch_epoch = switch_epoch
        self.pipeline = Compose(switch_pipeline)

    def before_train_epoch(self, runner: Runner) -> None:
        """Switch, once; a resumed run does so in its first epoch."""
        loader = runner.train_dataloader
        late = runner.epoch >= self.switch_epoch
        if late and loader.dataset.pipeline is not self.pipeline:
            runner.logger.info('PipelineSwitchHook: the pipeline changes.')
            loader.dataset.pipeline = self.pipeline
            loader._iterator = None  # noqa: SLF001  (persistent workers)
