"""What a distillation term can ask for.

B: batch. K: keypoints.
"""

from typing import Any, NamedTuple

from torch import Tensor

from distilpose_runtime.errors import UserValueError

from ..students.output import StudentOutput
from ..teachers.output import TeacherOutput

__all__ = ['DistillationStep']


class DistillationStep(NamedTuple):
    """All that a distillation term can ask for.

    Attributes:
        student: What the student predicts.
        teacher: What the teacher predicts.
        keypoint_weights: Weights (B, K) of the imitation, 0 for keypoints to
            ignore.
    """

    student: StudentOutput
    teacher: TeacherOutput
    keypoint_weights: Tensor

    def arguments(self, term: Any) -> list[Any]:
        """What a term needs, in the order of its arguments."""
        return [self.take(need) for need in term.needs]

    def take(self, path: str) -> Any:
        """Return the value of a dotted path; None if it is not there.

        Raises:
            ValueError: The path names nothing that could be there.
        """
        part: Any = self
        for name in path.split('.'):
            known = hasattr(type(part), name) and not hasattr(tuple, name)
            if part is not None and not known:
                raise UserValueError(
                    f'"{path}" is no part of a distillation step. Expected a '
                    f'path such as "student.coords", from {self._fields}, '
                    f'{StudentOutput._fields} and '
                    f'{(*TeacherOutput._fields, "heatmaps", "frame")}.'
                )
            part = getattr(part, name, None)
        return part
