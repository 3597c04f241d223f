"""The terms of a distillation, built from its config."""

import re
from collections.abc import Mapping
from typing import Any

from mmpose.registry import MODELS
from torch import nn

from distilpose_runtime.errors import UserTypeError, UserValueError
from distilpose_runtime.few import few

from ..losses.paper import PAPER_TERMS
from ..models.distilpose_head import DistilPoseHead

__all__ = ['build_terms', 'fitting_terms', 'needs_of']


def fitting_terms(head: nn.Module) -> dict[str, dict | None]:
    """The terms of a student whose config names none.

    They are the paper's for DistilPoseHead. Any other head learns the
    teacher's keypoints as labels, by its own loss.
    """
    if isinstance(head, DistilPoseHead):
        return PAPER_TERMS
    return dict(teacher_labels=dict(type='TeacherLabelLoss'))


def build_terms(configs: Mapping[str, Any]) -> nn.ModuleDict:
    """Build distillation terms.

    Args:
        configs: For each term, by its name, the config of a loss, or None for
            a term that is left out.

    Raises:
        ValueError: A term cannot be logged by its name, or it keeps parameters
            of its own.
        TypeError: A term is given by something else than a dict.
    """
    terms = nn.ModuleDict()
    for name, config in configs.items():
        if config is None:
            continue
        # MMEngine adds up everything whose name contains "loss".
        if (
            not re.fullmatch(r'\w+', name)
            or 'loss' in name
            or name in dir(terms)
        ):
            raise UserValueError(
                f'A distillation term cannot be called "{name}": its loss is '
                f'logged as "loss_{name}", and what describes it as '
                f'"{name}/weight". Choose a word without "loss" in it.'
            )
        if not isinstance(config, dict):
            raise UserTypeError(
                f'model.distillation.{name} is {config!r}, expected a dict '
                "such as dict(type='KeypointScoreLoss'), or None to leave the "
                'term out.'
            )
        terms[name] = MODELS.build(config)
        if terms[name].state_dict():
            raise UserValueError(
                f'The distillation term "{name}" keeps parameters or buffers '
                f'({few(terms[name].state_dict(), 3)}), which the '
                "student's checkpoints would hold, too. Use a term without "
                'any, or buffers with persistent=False.'
            )
    return terms


def needs_of(name: str, term: nn.Module) -> tuple[str, ...]:
    """Read from a term, called by this name, what it needs.

    Raises:
        ValueError: The term has no ``needs``, or no tuple of paths.
    """
    try:
        needs = getattr(term, 'needs', ())
    except ValueError as error:
        raise UserValueError(f'model.distillation.{name}: {error}') from error
    if not needs or isinstance(needs, str):
        raise UserValueError(
            f'model.distillation.{name}: {type(term).__name__} does not say '
            'what it compares. Give the class an attribute such as '
            "needs = ('student.coords', 'teacher.heatmaps')."
        )
    return tuple(needs)
