"""Whether teacher and student have the same keypoints, not just as many."""

from typing import Sequence

from .teacher import FrozenTeacher

__all__ = ['check_same_keypoints', 'check_same_mirror_images']


def check_same_keypoints(
    teacher: FrozenTeacher, metainfo: dict, what: str = 'the training data'
) -> None:
    """Compare the teacher's keypoints with those of a dataset, by name.

    Nothing is said where the teacher's config names no dataset.

    Args:
        teacher: The teacher.
        metainfo: Parsed metainfo of a dataset.
        what: What to call the dataset in the message.

    Raises:
        ValueError: They have other names, or another order.
    """
    own = teacher.metainfo
    if own is None:
        return
    names, others = _names(own), _names(metainfo)
    if names == others:
        return
    first = next(
        (i for i, pair in enumerate(zip(names, others)) if len({*pair}) > 1),
        min(len(names), len(others)),
    )
    raise ValueError(
        f'Teacher and student must have the same keypoints in the same order, '
        f'but the teacher {teacher.name} was trained on '
        f'"{own.get("dataset_name")}" ({len(names)} keypoints: '
        f'{_some(names, first)}) and {what} is "{metainfo.get("dataset_name")}'
        f'" ({len(others)} keypoints: {_some(others, first)}). Choose a '
        'teacher of the same keypoints.'
    )


def check_same_mirror_images(
    teacher: FrozenTeacher, metainfo: dict, num_keypoints: int
) -> None:
    """Compare keypoints by what a sample tells of them: their mirror images.

    :func:`check_same_keypoints` compares names, but the datasets are known to
    hooks alone.

    Args:
        teacher: The teacher.
        metainfo: Metainfo of a data sample.
        num_keypoints: Number of keypoints of teacher and student.

    Raises:
        ValueError: In a mirror image, others of them are exchanged.
    """
    own = teacher.metainfo or {}
    pairs, others = (
        [*meta.get('flip_indices', ())] for meta in (own, metainfo)
    )
    if pairs != others and len(pairs) == len(others) == num_keypoints:
        raise ValueError(
            'Teacher and student have other keypoints: in a mirror image, the '
            f"teacher's ({own.get('dataset_name')}) are exchanged like "
            f"{pairs}, the student's ({metainfo.get('dataset_name')}) like "
            f'{others}. Choose a teacher of the same keypoints.'
        )


def _names(metainfo: dict) -> Sequence[str]:
    names = metainfo.get('keypoint_id2name', {})
    return [names[i] for i in sorted(names)]


def _some(names: Sequence[str], first: int) -> str:
    """Three names from the first difference on, with their numbers."""
    shown = [f'{i} {names[i]}' for i in range(first, len(names))][:3]
    return ', '.join(shown) or 'no more'
