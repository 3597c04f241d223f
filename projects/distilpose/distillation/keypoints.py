"""Whether teacher and student have the same keypoints, not just as many."""

from .teacher import FrozenTeacher

__all__ = ['check_same_mirror_images']


def check_same_mirror_images(
    teacher: FrozenTeacher, metainfo: dict, num_keypoints: int
) -> None:
    """Compare keypoints by what a sample tells of them: their mirror images.

    ``DatasetCheckHook`` compares names; this is for training runs without it.

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
    # Data that are no dataset's, as those of tests, have any indices.
    known = metainfo.get('dataset_name') is not None
    if (
        known
        and pairs != others
        and len(pairs) == len(others) == num_keypoints
    ):
        raise ValueError(
            'Teacher and student have other keypoints: in a mirror image, the '
            f"teacher's ({own.get('dataset_name')}) are exchanged like "
            f"{pairs}, the student's ({metainfo.get('dataset_name')}) like "
            f'{others}. Choose a teacher of the same keypoints.'
        )
