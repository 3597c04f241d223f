"""Whether two datasets have the same keypoints, by their names."""

from typing import Any

from mmengine.dataset import (
    ClassBalancedDataset,
    ConcatDataset,
    RepeatDataset,
)

from distilpose_runtime.errors import UserValueError

from ..data.wrapped import converts, inner
from ..keypoints.matching import counted, plain_name
from ..keypoints.metainfo import keypoint_names

__all__ = ['check_names', 'dataset_keypoints']

# These show the metainfo of the first dataset inside.
WRAPPERS = (ClassBalancedDataset, ConcatDataset, RepeatDataset)


def dataset_keypoints(dataset: Any) -> list[str] | None:
    """Names of the keypoints that a dataset's pipeline gives, if known."""
    if converts(dataset):
        return None
    if isinstance(dataset, WRAPPERS):
        found = [dataset_keypoints(part) for part in inner(dataset) or ()]
        return None if None in found else found[0]
    return keypoint_names(getattr(dataset, 'metainfo', None))


def check_names(train: Any, val: Any) -> str | None:
    """Compare two datasets' keypoints, if they have equally many.

    Args:
        train: The dataset whose keypoints a model learns.
        val: The dataset that it is validated on, keypoint by keypoint.

    Returns:
        A warning, if the names differ and may still mean the same.

    Raises:
        ValueError: The names are the same ones in another order.
    """
    names, others = dataset_keypoints(train), dataset_keypoints(val)
    if not names or not others or len(names) != len(others):
        return None
    plain, other = ([*map(plain_name, x)] for x in (names, others))
    if plain == other:
        return None
    text = (
        f'The train dataset {_name(train)} has {counted(names)}, and the val '
        f'dataset {_name(val)} {counted(others)}'
    )
    if sorted(plain) == sorted(other):
        raise UserValueError(
            f'{text}: the same keypoints in another order. Bring one into '
            "the other's, with KeypointConverter in its pipeline."
        )
    return f'{text}. If they are not the same, validation means nothing.'


def _name(dataset: Any) -> str:
    return f'"{dataset.metainfo.get("dataset_name", type(dataset).__name__)}"'
