"""What is checked before a distillation trains.

A wrong teacher must cost seconds, not a night: every check ends in an error
that names both sides and the setting to change.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from mmpose.models import TopdownPoseEstimator
from torch import nn

from distilpose_runtime.errors import UserTypeError, UserValueError

from ..heads.heatmaps import expect_adapter
from ..models.distilpose_head import DistilPoseHead
from ..students.output import student_output
from ..teachers.output import TeacherOutput
from .step import DistillationStep
from .terms import needs_of

__all__ = ['check_before_training', 'check_untrained_outputs', 'expect_dict']

# What each part of the estimator's config may look like.
EXAMPLES = dict(
    teacher='dict(config=..., checkpoint=...)',
    distillation="dict(scores=dict(type='KeypointScoreLoss'))",
    keypoint_weighting='dict(unlabelled=True)',
)
# What gives a term what it needs.
GIVEN_BY = dict(
    tokens='a TokenDistillingEncoder as neck',
    sigmas='a DistilPoseHead with sigmas=True',
    scores='a DistilPoseHead with scores=True',
    maps='a head of rows (SimCC, RTMPose) or of heatmaps',
)


def expect_dict(name: str, given: Any, known: Sequence[str] = ()) -> dict:
    """Return a part of the estimator's config as a dict; {} if it is None.

    Raises:
        TypeError: It is something else, or has keys that are not ``known``.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise UserTypeError(
            f'model.{name} is {given!r}, expected a dict, such as '
            f'{EXAMPLES[name]}.'
        )
    unknown = sorted({*given} - {*known}) if known else []
    if unknown:
        raise UserTypeError(
            f'model.{name} has no setting {", ".join(unknown)}. Its settings '
            f'are {", ".join(known)}.'
        )
    return given


@torch.no_grad()
def check_before_training(model: TopdownPoseEstimator) -> None:
    """Run a DistilPoseEstimator and its teacher on one black image.

    Raises:
        ValueError: They differ in what cannot be converted: the aspect of
            their inputs, keypoints or tokens; a term needs what one of them
            does not give, or nothing trains what the student gives.
        TypeError: A head is of a kind that cannot be used.
    """
    needs = [
        need
        for name, term in model.distillation.items()
        for need in needs_of(name, term)
        if getattr(term, 'loss_weight', 1) != 0
    ]
    check_untrained_outputs(model.head, needs)
    if not model.distillation:
        return
    expect_adapter(student_output, model.pose_head)
    model.teacher.prepare()
    size = model.teacher.student.size  # without one, that has raised
    device = next(model.parameters()).device
    inputs = torch.zeros(1, _image_channels(model), *size[::-1], device=device)
    student, output = model.outputs(inputs)
    _expect_same_keypoints(model, student.coords.shape[1], output)
    weights = torch.ones(student.coords.shape[:2], device=device)
    step = DistillationStep(student, output, weights)
    for name, loss in model.distillation.items():
        _try_term(name, loss, step)


def check_untrained_outputs(
    head: nn.Module, needs: Iterable[str] = ()
) -> None:
    """Refuse a head that gives scores or sigmas which nothing trains.

    They would be noise: people would be ranked by noise, and most of their
    keypoints would not be drawn. ``needs`` are those of all terms.

    Raises:
        ValueError: Scores or sigmas are switched on, but in vain.
    """
    if not isinstance(head, DistilPoseHead):
        return
    trained = {*needs}
    for output in ('scores', 'sigmas'):
        path = f'student.{output}'
        if getattr(head, output) and not trained & {'student', path}:
            raise UserValueError(
                f'The DistilPoseHead gives {output} that nothing trains. Set '
                f'model.head.{output}=False, or add a distillation term that '
                f'trains them.'
            )


def _try_term(name: str, loss: nn.Module, step: DistillationStep) -> None:
    needs = needs_of(name, loss)
    try:
        missing = [need for need in needs if step.take(need) is None]
        if not missing:
            loss(*step.arguments(loss))
            return
    except ValueError as error:
        raise UserValueError(
            f'Student and teacher do not fit model.distillation.{name}: '
            f'{error}'
        ) from error
    who, what = missing[0].split('.')[:2]
    raise UserValueError(
        f'The distillation term "{name}" needs {missing[0]}, which the {who} '
        f'does not give: that takes {GIVEN_BY.get(what, what)}. Change the '
        f'{who}, or leave the term out with model.distillation.{name}=None.'
    )


def _image_channels(model: TopdownPoseEstimator) -> int:
    """Channels of the images that a model's first convolution takes."""
    for module in model.backbone.modules():
        if isinstance(module, nn.Conv2d):
            return module.in_channels
    return 3


def _expect_same_keypoints(
    model: TopdownPoseEstimator, own: int, teacher: TeacherOutput
) -> None:
    taught = teacher.maps.shape[1]
    if own != taught:
        raise UserValueError(
            'Student and teacher differ in the number of keypoints: the '
            f'student has {own}, the teacher {model.teacher.source.name} '
            f'{taught}. They are matched by name if both have names: keep '
            "DatasetCheckHook in custom_hooks, which gives the student's, "
            'and give the teacher as a whole config. Or set '
            "model.teacher.keypoints to the teacher's for each of the "
            "student's."
        )
