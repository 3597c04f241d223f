"""Where a teacher's heatmaps come from: one module for each kind of source."""

import inspect

from distilpose_runtime.errors import UserTypeError, UserValueError

from .base import TeacherSource
from .mmpose_model import MMPoseSource
from .onnx_file import OnnxSource
from .stored.source import StoredSource

__all__ = [
    'MMPoseSource',
    'OnnxSource',
    'StoredSource',
    'TeacherSource',
    'make_source',
]

# The setting of model.teacher that chooses a source.
SOURCES: dict[str, type[TeacherSource]] = dict(
    config=MMPoseSource, onnx=OnnxSource
)


def make_source(settings: dict) -> TeacherSource:
    """Make the source that the settings of a teacher describe.

    Args:
        settings: One of ``config`` and ``onnx``, and what else its source
            takes; or ``stored``, alone or beside the settings of the teacher
            whose outputs were stored.

    Raises:
        TypeError: The source has no such setting.
        ValueError: Two sources are described, or a setting has a wrong value.
    """
    if settings.get('stored') is not None:
        return StoredSource(**settings)
    kinds = [kind for kind in SOURCES if settings.get(kind) is not None]
    if len(kinds) > 1:
        raise UserValueError(
            f'model.teacher has both {" and ".join(kinds)}. Set one of them.'
        )
    source = SOURCES[kinds[0] if kinds else 'config']
    known = [*inspect.signature(source).parameters]
    # What a config sets to None is what its base had for another source.
    settings = {
        k: v for k, v in settings.items() if v is not None or k in known
    }
    unknown = sorted({*settings} - {*known})
    if unknown:
        raise UserTypeError(
            f'model.teacher has no setting {", ".join(unknown)}. Its settings '
            f'are {", ".join([*known, "keypoints", "flip_test"])}.'
        )
    return source(**settings)
