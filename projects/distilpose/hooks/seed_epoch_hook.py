"""A hook that makes an epoch's random numbers its own."""

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.runner.utils import set_random_seed
from mmpose.registry import HOOKS

__all__ = ['SeedEpochHook']


@HOOKS.register_module()
class SeedEpochHook(Hook):
    """Seed every epoch by the run's seed, the epoch and the rank.

    MMEngine's checkpoints hold no states of random number generators: after a
    resume, augmentations would be drawn as in the first epoch. With this hook
    a resumed training draws what the uninterrupted one would have drawn. Data
    workers draw on their own; without them (``num_workers=0``), a training
    that was killed and resumed ends in the very same weights.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        # Epochs and ranks far apart, so that no two of them share a seed.
        seed = runner.seed + 1_000_003 * runner.epoch + 10_007 * get_rank()
        set_random_seed(seed % 2**31)
