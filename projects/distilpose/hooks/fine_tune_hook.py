"""A hook that starts a training run from a student of other keypoints."""

from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserValueError

from ..checks.same_keypoints import dataset_keypoints
from ..keypoints.metainfo import config_metainfo, keypoint_names
from ..students.fine_tune import carry_over
from ..weights.fetch import CheckpointError, is_address
from ..weights.read import Checkpoint, read_checkpoint
from ..zoo.find import read_config
from ..zoo.published import published_weights
from .runner import model_of

__all__ = ['FineTuneHook']


@HOOKS.register_module()
class FineTuneHook(Hook):
    """Load what fits of a checkpoint, keypoint by keypoint.

    Keypoint tokens and rows of the head go to keypoints of equal names; what
    does not fit is named in the log. MMEngine's ``load_from`` would leave
    all of them out where the number of keypoints differs, and mix them up
    where only their order does. A run that is resumed is left alone.

    Args:
        checkpoint: The checkpoint, a path or HTTP address; or the name of a
            config of ours or MMPose's, whose published weights are meant.
        keypoint_names: Names of its keypoints, in order. Defaults to those
            that MMEngine's runner wrote into it, or those of the config.

    Raises:
        FileNotFoundError: When training begins, there is no such checkpoint.
        ValueError: It cannot be read, nothing of it fits, or the names of its
            or of the data's keypoints are unknown.
    """

    def __init__(
        self, checkpoint: str, keypoint_names: list[str] | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.keypoint_names = keypoint_names

    def before_train(self, runner: Runner) -> None:
        """Load, unless the run goes on."""
        if runner.iter > 0:
            return
        model = model_of(runner)
        found = self._read()
        taken = carry_over(
            found.state,
            model.state_dict(),
            self.keypoint_names or found.keypoint_names,
            _names(runner.train_loop.dataloader.dataset, model),
        )
        model.load_state_dict(taken.state, strict=False)
        runner.logger.info(f'Started from "{self.checkpoint}": {taken}.')

    def _read(self) -> Checkpoint:
        source = self.checkpoint
        if not (is_address(source) or Path(source).suffix):
            config = read_config(source, with_mmpose=True)
            source = published_weights(config.filename) or source
            self.keypoint_names = self.keypoint_names or keypoint_names(
                config_metainfo(config)
            )
        try:
            return read_checkpoint(source)
        except CheckpointError as error:
            if not is_address(source):
                raise
            raise CheckpointError(
                f'{error} Or start from random weights: set start = None in '
                'settings.py, which `distilpose init --start none` writes; '
                'in a config of your own, leave the FineTuneHook out.'
            ) from error


def _names(dataset: Any, model: Any) -> list[str]:
    """Names of the keypoints to train on, in order."""
    names = dataset_keypoints(dataset) or keypoint_names(
        getattr(model, 'metainfo', None)
    )
    if not names:
        raise UserValueError(
            'FineTuneHook: the train dataset does not name the keypoints that '
            'its pipeline gives. Give it metainfo with keypoint_info; if it '
            'converts the keypoints, give model.metainfo, such as '
            "dict(from_file='configs/_base_/datasets/coco.py')."
        )
    return names
