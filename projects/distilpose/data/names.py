"""Comparing keypoints by their names."""

import re
from typing import Any, List, Optional, Sequence

from .datasets import converts

__all__ = ['check_names', 'check_teacher_names']


def check_teacher_names(model: Any, dataset: Any) -> None:
    """See that a teacher's keypoints are those of a dataset, by name.

    Args:
        model: A ``DistilPoseEstimator``.
        dataset: What the model is to be trained on.

    Raises:
        ValueError: The names of both are known and differ.
    """
    teacher = model.teacher.keypoint_names
    names = _names(dataset)
    if not teacher or not names or _plain(teacher) == _plain(names):
        return
    raise ValueError(
        f'The teacher predicts {_few(teacher)}, but the train dataset '
        f'{_name(dataset)} has {_few(names)}: the student would learn '
        'keypoints that its labels are not of. Choose a teacher of the same '
        'keypoints in the same order; if they are the same, give them the '
        "same names in the dataset's metainfo."
    )


def check_names(train: Any, val: Any) -> Optional[str]:
    """Compare two datasets' keypoints, if they have equally many.

    Args:
        train: The dataset that a model learns the keypoints of.
        val: The dataset that it is validated on, keypoint by keypoint.

    Returns:
        A warning, if the names differ and may still mean the same.

    Raises:
        ValueError: The names are the same ones in another order.
    """
    names, others = _names(train), _names(val)
    if not names or not others or len(names) != len(others):
        return None
    if _plain(names) == _plain(others):
        return None
    text = (
        f'The train dataset {_name(train)} has {_few(names)}, and the val '
        f'dataset {_name(val)} {_few(others)}'
    )
    if sorted(_plain(names)) == sorted(_plain(others)):
        raise ValueError(
            f'{text}: the same keypoints in another order. Bring one into '
            "the other's, with KeypointConverter in its pipeline."
        )
    return f'{text}. If they are not the same, validation means nothing.'


def _names(dataset: Any) -> Optional[List[str]]:
    """Names of the keypoints that a dataset's pipeline gives, if known."""
    if converts(dataset):
        return None
    named = (getattr(dataset, 'metainfo', None) or {}).get('keypoint_id2name')
    return [named[i] for i in sorted(named)] if named else None


def _name(dataset: Any) -> str:
    return f'"{dataset.metainfo.get("dataset_name", type(dataset).__name__)}"'


def _plain(names: Sequence[str]) -> List[str]:
    """Names without what spellings differ in: case, spaces, dashes."""
    return [re.sub(r'[\W_]+', '', name.lower()) for name in names]


def _few(names: Sequence[str]) -> str:
    more = ', ...' if len(names) > 4 else ''
    return f'{len(names)} keypoints ({", ".join(names[:4])}{more})'
