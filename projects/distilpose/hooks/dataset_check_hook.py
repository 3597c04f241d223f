"""A hook that looks at data and model before training begins."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import HOOKS

from distilpose_runtime.errors import UserValueError

from ..checks.datasets import check_dataset
from ..checks.fit import check_evaluation, check_training
from ..checks.same_keypoints import check_names, dataset_keypoints
from ..data import UnlabelledPeopleDataset
from ..data.wrapped import parts
from ..distillation import DistilPoseEstimator
from ..distillation.before_training import check_untrained_outputs
from ..weights.read import load_weights
from .runner import checkpoint_of, model_of, trains

__all__ = ['DatasetCheckHook']


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Find faults of data that would show late, or never.

    - Annotation files, detected boxes and images that contradict themselves
      or each other.
    - Training data whose labels are of another number of keypoints than the
      head predicts, evaluation data that have another number than comes out,
      and images of another size than the head's codec was built for.
    - Keypoints of other names in training and validation.
    - Checkpoints to be tested that are of another model, of which MMEngine
      loads what fits, and leaves the rest random.

    It also tells a teacher the names of its student's keypoints, by which
    those of both are matched, and the training data, for which a stored
    teacher's outputs must have been stored.

    For top-down estimators. What would fail or mislead ends the run with a
    ValueError, what is only suspicious is a warning in the log. What the hook
    cannot know, it does not refuse.
    """

    def before_run(self, runner: Runner) -> None:
        """Tell a teacher which keypoints its student learns, and from what."""
        model = model_of(runner)
        if isinstance(model, DistilPoseEstimator) and trains(runner):
            train = runner.train_loop.dataloader.dataset
            names = dataset_keypoints(train)
            if names:
                model.teacher.student_keypoints = names
            if model.distillation:
                model.teacher.source.see_data(train)

    def before_train(self, runner: Runner) -> None:
        """Look at the training data and, if there are any, validation data."""
        model = _topdown(runner)
        if model is None:
            return
        train = runner.train_loop.dataloader.dataset
        _check_files('train', train, runner)
        _expect_a_teacher(train, model)
        if not isinstance(model, DistilPoseEstimator):  # which checks itself
            check_untrained_outputs(model.head)
        check_training(train, model)
        if runner.val_loop is None:
            return
        val = runner.val_loop.dataloader.dataset
        _check_files('val', val, runner)
        check_evaluation('val', runner.val_loop, model)
        if (model.test_cfg or {}).get('output_keypoint_indices') is None:
            warning = check_names(train, val)
            if warning:
                runner.logger.warning(warning)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the weights that are going to be tested."""
        model = _topdown(runner)
        # A training may start from weights of which only some fit.
        if model is not None and not trains(runner):
            state = checkpoint.get('state_dict', checkpoint)
            load_weights(model, state, str(checkpoint_of(runner)))

    def before_test(self, runner: Runner) -> None:
        """Look at the test data."""
        model = _topdown(runner)
        if model is not None:
            test = runner.test_loop.dataloader.dataset
            _check_files('test', test, runner)
            check_evaluation('test', runner.test_loop, model)


def _topdown(runner: Runner) -> TopdownPoseEstimator | None:
    """Give the model itself, if it is a top-down estimator with a head."""
    model = model_of(runner)
    if isinstance(model, TopdownPoseEstimator) and model.with_head:
        return model
    return None


def _expect_a_teacher(train: Any, model: TopdownPoseEstimator) -> None:
    """See that something is learned from people without labels."""
    weighting = getattr(model, 'keypoint_weighting', None)
    if getattr(weighting, 'unlabelled', False):
        return
    for part in parts(train):
        if isinstance(part, UnlabelledPeopleDataset):
            raise UserValueError(
                f'Nothing would be learned from "{part.ann_file}", an '
                'UnlabelledPeopleDataset. Set model.keypoint_weighting='
                'dict(unlabelled=True, min_confidence=0.3) of a '
                'DistilPoseEstimator, so that its teacher teaches it.'
            )


def _check_files(kind: str, dataset: Any, runner: Runner) -> None:
    errors: list[str] = []
    for part in parts(dataset):
        try:
            findings = check_dataset(part, dataset)
        except Exception:  # a bug of the check: MMPose has read the files
            runner.logger.warning(
                f'The {kind} data in "{getattr(part, "ann_file", "")}" were '
                'not checked, as the check itself failed. The training goes '
                'on. Please report this:',
                exc_info=True,
            )
            continue
        errors += findings.errors
        for text in findings.warnings:
            runner.logger.warning(f'The {kind} data: {text}')
        for text in findings.facts:
            runner.logger.info(f'The {kind} data: {text}')
    if not errors and not len(dataset):
        where = getattr(dataset, 'ann_file', '') or type(dataset).__name__
        errors.append(f'nobody is left in "{where}".')
    if errors:
        raise UserValueError(
            '\n- '.join([f'The {kind} data cannot be used as it is:', *errors])
        )
