"""Students that ``distilpose init`` knows by a short name.

A new one is a line here: the name of a config of ours or MMPose's that trains
it, and of a teacher that can be trained beside it.
"""

from typing import NamedTuple

from distilpose_runtime.errors import UserValueError

__all__ = ['DEFAULT', 'STUDENTS', 'Student', 'find_student']


class Student(NamedTuple):
    """A student and the teacher that is trained on its data.

    Attributes:
        config: Name of a config that trains it, alone or distilled.
        teacher: Name of a config of a heatmap-based model of the same input
            size. None for the student's own backbone with deconvolutions, if
            the config has a ``heatmap_codec``, or else for no teacher.
        learning_rate: In the place of the config's, for smaller batches.
        start: Name of a config of MMPose's zoo whose weights it starts from.
            None for what the backbone's ``init_cfg`` names.
    """

    config: str
    teacher: str | None = None
    learning_rate: float | None = None
    start: str | None = None


# RTMPose's rate, 4e-3, is for a batch of 1024. By the square root of the
# batch, as is usual with Adam, 32 people have 7e-4.
SMALL_BATCH = 7e-4
MODERN = 'distilpose-{}_rtmpose-l_8xb128-420e_coco-256x192'
STUDENTS: dict[str, Student] = {
    'distilpose-s': Student(
        'distilpose-s_no-distill_8xb32-300e_coco-256x192',
        'tokenpose-stem_8xb64-300e_coco-256x192',
    ),
    **{
        name: Student(MODERN.format(name), learning_rate=SMALL_BATCH)
        for name in ('mobilenetv4-s', 'cspnext-t', 'cspnext-s', 'cspnext-m')
    },
    **{
        f'rtmpose-{size}': Student(
            f'rtmpose-{size}_8xb256-420e_coco-256x192',
            learning_rate=SMALL_BATCH,
            start=f'rtmpose-{size}_8xb256-420e_body8-256x192',
        )
        for size in ('t', 's', 'm')
    },
    'tiny': Student(
        'distilpose-tiny_no-distill_1xb32-15e_demo-96x64',
        'tokenpose-tiny_1xb32-15e_demo-96x64',
    ),
}
# Rows are learned faster than coordinates, from labels and from a teacher
# (docs/experiments.md), and MMPose's zoo has weights to start from.
DEFAULT = 'rtmpose-t'


def find_student(name: str) -> Student:
    """Give a student by its short name.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in STUDENTS:
        raise UserValueError(
            f'There is no student "{name}". Choose one of '
            f'{", ".join(STUDENTS)}.'
        )
    return STUDENTS[name]
