"""Datasets made of other datasets, and the transforms in their pipelines."""

from collections.abc import Iterator
from typing import Any

from mmpose.datasets.transforms import KeypointConverter, SingleHandConverter

__all__ = ['converts', 'inner', 'parts', 'transforms']


def parts(dataset: Any) -> Iterator[Any]:
    """Give the datasets that a dataset is made of, or itself."""
    found = inner(dataset)
    if found is None:
        yield dataset
    for part in found or []:
        yield from parts(part)


def inner(dataset: Any) -> list[Any] | None:
    """The datasets that a dataset wraps; None if it reads files."""
    found = getattr(dataset, 'datasets', None)
    if found is None and hasattr(dataset, 'dataset'):
        found = [dataset.dataset]
    return found


def transforms(dataset: Any) -> Iterator[Any]:
    """Give all transforms of a dataset and of those that it is made of."""
    yield from _transforms(dataset)
    for part in inner(dataset) or []:
        yield from transforms(part)


def converts(dataset: Any) -> bool:
    """Whether a dataset's pipeline makes other keypoints of its own."""
    return any(
        isinstance(transform, (KeypointConverter, SingleHandConverter))
        for transform in _transforms(dataset)
    )


def _transforms(dataset: Any) -> list[Any]:
    return getattr(getattr(dataset, 'pipeline', None), 'transforms', [])
