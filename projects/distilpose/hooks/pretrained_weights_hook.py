"""A hook that fetches the weights that a training run starts from."""

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS

from ..weights.fetch import CheckpointError, is_address, local_file

__all__ = ['PretrainedWeightsHook']


@HOOKS.register_module()
class PretrainedWeightsHook(Hook):
    """Download what ``init_cfg`` names, or say what to do without it.

    MMEngine would raise the error of a socket, which names no setting.
    """

    def before_run(self, runner: Runner) -> None:
        """Before training alone: a test loads its own weights.

        Raises:
            CheckpointError: A file cannot be downloaded.
        """
        if not isinstance(runner._train_loop, BaseLoop):
            return
        for name, module in runner.model.named_modules():
            init = getattr(module, 'init_cfg', None)
            if not isinstance(init, dict) or init.get('type') != 'Pretrained':
                continue
            source = str(init.get('checkpoint'))
            if not is_address(source):
                continue
            key = '.'.join(['model', *filter(None, [name]), 'init_cfg'])
            try:
                init['checkpoint'] = str(local_file(source))
            except CheckpointError as error:
                raise CheckpointError(
                    f'{error} Or start from random weights: --cfg-options '
                    f'{key}=None, which `distilpose init --start none` writes '
                    'for data of your own.'
                ) from error
