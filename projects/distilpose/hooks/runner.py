"""What hooks ask of MMEngine's runner, some of which has no public name."""

from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner

__all__ = ['checkpoint_of', 'is_resumed', 'model_of', 'trains', 'use']


def model_of(runner: Runner) -> Any:
    """The model without the wrapper for several processes."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def trains(runner: Runner) -> bool:
    """Whether the run trains.

    ``Runner.train_loop`` would build the loop, and with it the training data,
    which need not be there in a test.
    """
    return isinstance(runner._train_loop, BaseLoop)


def is_resumed(runner: Runner) -> bool:
    """Whether the run resumes an earlier one, if there is one.

    A runner that was not made from a config has no ``cfg.resume`` to ask.
    """
    return runner._resume


def checkpoint_of(runner: Runner) -> str | None:
    """The checkpoint to load or to resume; None for the last one."""
    return runner._load_from


def use(runner: Runner, checkpoint: str) -> None:
    """Load or resume this checkpoint in place of the one named.

    MMEngine has no other way in before it loads.
    """
    runner._load_from = checkpoint
