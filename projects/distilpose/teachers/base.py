"""What every source of a teacher's heatmaps has in common."""

from abc import ABC, abstractmethod
from typing import Any

from mmpose.utils.typing import SampleList
from torch import Tensor

from ..keypoints.metainfo import keypoint_names
from .inputs import InputSpec
from .output import TeacherOutput

__all__ = ['TeacherSource']


class TeacherSource(ABC):
    """A teacher as it is, with its own input and keypoints.

    Nothing is read or built before it is needed: testing a student needs none
    of its teacher's files.

    Attributes:
        is_stored: Whether it repeats what a teacher said before.
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

    def see_data(self, dataset: Any) -> None:  # noqa: B027
        """Look at the dataset that is about to be trained on.

        Raises:
            ValueError: The source cannot say anything about it.
        """

    @abstractmethod
    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        """What it says about images.

        Args:
            images: Its normalized images (B, 3, H, W).
            samples: The batch's data samples, for a source that looks up what
                it said before.

        Returns:
            Its heatmaps in its own frame, for its own keypoints.
        """
