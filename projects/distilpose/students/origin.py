"""Where a student comes from: its license, training data and teacher."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmpose.models import TopdownPoseEstimator

from distilpose_runtime.errors import UserValueError

__all__ = ['origin']


def origin(
    config: Config, model: TopdownPoseEstimator, license: str | None = None
) -> dict[str, Any]:
    """Give what is known of a student's origin.

    Args:
        config: Its config. Its variables ``license`` and ``training_data``,
            each a text or a list of texts, are used as they are. Without the
            second, the data are the annotation files that it trains on.
        model: The student. The teacher is that of its estimator.
        license: Used in place of the config's.

    Returns:
        ``license`` and ``teacher``, texts, and ``training_data``, a list of
        texts; what is not known is left out.

    Raises:
        ValueError: A variable of the config is no text.
    """
    dataset = (config.get('train_dataloader') or {}).get('dataset') or {}
    found = dict(
        license=license or ', '.join(_texts(config, 'license')),
        training_data=_texts(config, 'training_data')
        or [*dict.fromkeys(_annotations(dataset))],
        teacher=_teacher(model),
    )
    return {name: value for name, value in found.items() if value}


def _texts(config: Config, name: str) -> list[str]:
    """A variable of a config that is a text, or a list of them, or missing."""
    given = config.get(name, [])
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(
        isinstance(x, str) for x in texts
    ):
        raise UserValueError(
            f'{config.filename}: {name} is {given!r}, expected a text or a '
            'list of texts. Correct it.'
        )
    return texts


def _annotations(dataset: Mapping[str, Any]) -> Iterator[str]:
    """The annotation files of a dataset, and of those that it wraps."""
    for part in (dataset.get('dataset'), *dataset.get('datasets', ())):
        if part is not None:
            yield from _annotations(part)
    if dataset.get('ann_file'):
        path = os.path.join(dataset.get('data_root', ''), dataset['ann_file'])
        # Folders of this machine are nobody else's business.
        yield os.path.basename(path) if os.path.isabs(path) else path


def _teacher(model: TopdownPoseEstimator) -> str:
    """The name of a teacher's config, or of its file or folder."""
    teacher = getattr(model, 'teacher', None)
    if teacher is None or not any(teacher.settings.values()):
        return ''
    return os.path.basename(teacher.source.name.rstrip('/')).removesuffix(
        '.py'
    )
