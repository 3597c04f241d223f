"""What every kind of teacher has in common, and how a config chooses one."""

import inspect
from abc import ABC, abstractmethod
from typing import Any

from mmengine.registry import Registry
from mmpose.utils.typing import SampleList
from torch import Tensor

from distilpose_runtime.errors import UserTypeError, UserValueError

from ..keypoints.metainfo import keypoint_names
from .inputs import InputSpec
from .output import TeacherOutput

__all__ = ['TEACHERS', 'TeacherSource', 'make_source', 'teacher_settings']

# Kinds of teachers, each by the setting of model.teacher that chooses it. A
# kind of your own: a subclass of TeacherSource, registered under its setting.
TEACHERS = Registry('teacher')


class TeacherSource(ABC):
    """A teacher as it is, with its own input and keypoints.

    Nothing is read or built before it is needed: testing a student needs none
    of its teacher's files.

    Attributes:
        is_stored: Whether it repeats what a teacher said before. It then
            needs no images, and takes the settings of that teacher, too.
    """

    is_stored = False

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call the teacher in a message."""

    @property
    @abstractmethod
    def input(self) -> InputSpec:
        """The images that it takes."""

    @property
    @abstractmethod
    def metainfo(self) -> dict | None:
        """Metainfo of its keypoints, parsed by MMPose, or None."""

    @property
    def keypoint_names(self) -> list[str] | None:
        """Names of its keypoints, in order, or None if unknown."""
        return keypoint_names(self.metainfo)

    @abstractmethod
    def prepare(self) -> None:
        """Build and load it now, with every error that this can have."""

    def digests(self) -> dict[str, str]:
        """Hashes of what is behind its settings, by the setting.

        A setting needs one if its value does not identify what is used, such
        as the name of a config. The content of a file is hashed elsewhere.
        """
        return {}

    def see_data(self, dataset: Any) -> None:  # noqa: B027
        """Look at the dataset that is about to be trained on.

        Raises:
            ValueError: The source cannot say anything about it.
        """

    @abstractmethod
    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        """Predict heatmaps of images.

        Args:
            images: Its normalized images (B, 3, H, W).
            samples: The batch's data samples, for a source that looks up what
                it said before.

        Returns:
            Its heatmaps in its own frame, for its own keypoints.
        """


def teacher_settings(teacher: Any) -> Any:
    """Settings of a teacher, which a config may give by one name alone."""
    if not isinstance(teacher, str):
        return teacher
    kind = 'onnx' if teacher.lower().endswith('.onnx') else 'config'
    return {kind: teacher}


def make_source(settings: dict) -> TeacherSource:
    """Make the source that the settings of a teacher describe.

    Args:
        settings: One that chooses a kind (``config``, ``onnx``, or one that
            was added to ``TEACHERS``), and what else this kind takes; or
            ``stored``, alone or beside the settings of the teacher whose
            outputs were stored.

    Raises:
        TypeError: The source has no such setting.
        ValueError: Two sources are described, or a setting has a wrong value.
    """
    kinds: dict[str, type[TeacherSource]] = TEACHERS.module_dict
    chosen = [kind for kind in kinds if settings.get(kind) is not None]
    chosen = [k for k in chosen if kinds[k].is_stored] or chosen
    if len(chosen) > 1:
        raise UserValueError(
            f'model.teacher has both {" and ".join(chosen)}. Set one of them.'
        )
    source = kinds[chosen[0] if chosen else 'config']
    known = [*inspect.signature(source).parameters]
    # What a config sets to None is what its base had for another source.
    settings = {
        k: v for k, v in settings.items() if v is not None or k in known
    }
    unknown = sorted({*settings} - {*known})
    if unknown and not source.is_stored:
        raise UserTypeError(
            f'model.teacher has no setting {", ".join(unknown)}. Its settings '
            f'are {", ".join([*known, "keypoints"])}.'
        )
    return source(**settings)
