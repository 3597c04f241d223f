"""A hook that makes an epoch's random numbers its own."""

from functools import partial

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
    a resumed training draws what the uninterrupted one would have drawn, and,
    without data workers (``num_workers=0``), ends in the very same weights.
    Workers that outlive an epoch go on drawing; those of a resumed training
    begin with seeds of their own epoch, so that no augmentations repeat.
    """

    def before_train(self, runner: Runner) -> None:
        """Give workers, which start later, seeds of the first epoch to run."""
        loader = runner.train_loop.dataloader
        if isinstance(loader.worker_init_fn, partial):
            loader.worker_init_fn = partial(
                loader.worker_init_fn, seed=_seed(runner)
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the process itself."""
        set_random_seed(_seed(runner) + 10_007 * get_rank())


def _seed(runner: Runner) -> int:
    """A seed for the epoch, far from those of other epochs."""
    return (runner.seed + 1_000_003 * runner.epoch) % 2**30
