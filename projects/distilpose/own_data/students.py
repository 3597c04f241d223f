"""Students that ``distilpose init`` knows by a short name.

A new one is a line here: the name of an installed config of a student without
distillation, and of a teacher that can be trained beside it.
"""

import difflib
from typing import Dict, NamedTuple

__all__ = ['STUDENTS', 'Student', 'find_student']


class Student(NamedTuple):
    """A student and the teacher that is trained on its data.

    Attributes:
        config: Name of a config that trains it alone.
        teacher: Name of a config of a heatmap-based model of the same input
            size.
    """

    config: str
    teacher: str


STUDENTS: Dict[str, Student] = {
    'distilpose-s': Student(
        'distilpose-s_no-distill_8xb32-300e_coco-256x192',
        'tokenpose-stem_8xb64-300e_coco-256x192',
    ),
    'tiny': Student(
        'distilpose-tiny_no-distill_1xb32-15e_demo-96x64',
        'tokenpose-tiny_1xb32-15e_demo-96x64',
    ),
}


def find_student(name: str) -> Student:
    """Give a student by its short name.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in STUDENTS:
        near = difflib.get_close_matches(name, STUDENTS, cutoff=0.4)
        raise ValueError(
            f'There is no student "{name}". Choose one of '
            f'{", ".join(near or STUDENTS)}.'
        )
    return STUDENTS[name]
