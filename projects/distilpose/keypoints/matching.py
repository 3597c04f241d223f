"""Which keypoint of a teacher is which of its student's."""

import re
from collections.abc import Sequence

from distilpose_runtime.errors import UserValueError
from distilpose_runtime.few import few

__all__ = [
    'Index',
    'check_same_mirror_images',
    'counted',
    'describe_match',
    'equal_names',
    'match_keypoints',
    'plain_name',
]

# For each keypoint of the student, the teacher's, or None.
Index = list[int | None]

# What datasets call the same keypoint.
SYNONYMS = {'tophead': 'headtop'}
# Plain names that only number keypoints, as those of MMPose's faces do.
NUMBERED = re.compile(
    r'(j|joint|k|kp|kpt|keypoint|landmark|lm|marker|p|pt|point)?\d+'
)


def match_keypoints(
    teacher: Sequence[str] | None,
    student: Sequence[str] | None,
    chosen: Sequence[str | int | None] | None = None,
) -> Index | None:
    """Find the teacher's keypoint for each of the student's.

    Args:
        teacher: Names of the teacher's keypoints, or None if not known.
        student: Names of the student's keypoints, or None if not known.
        chosen: For each of the student's, the teacher's by name or index, or
            None. Defaults to the one of equal name; case, spaces and dashes do
            not count. Names that only number keypoints, such as ``kpt-7``, are
            equal only where both number the same ones.

    Returns:
        The teacher's indices; None where both have the same keypoints in the
        same order, or where names are not known.

    Raises:
        ValueError: Less than half of either's keypoints are found in the
            other, or a chosen one does not exist.
    """
    if chosen is not None:
        return [_chosen(choice, teacher) for choice in chosen]
    if not teacher or not student:
        return None
    index = equal_names(teacher, student)
    common = sum(i is not None for i in index)
    # A nose alone is what people have in common with other animals.
    if 2 * common < min(len(teacher), len(student)) or not common:
        raise UserValueError(
            f'The teacher predicts {counted(teacher)}, and the student '
            f'{counted(student)}: they have {common} of them in common. '
            'Names that are numbers alone count only where both have the '
            'same ones. Choose a teacher of the same keypoints. If only the '
            "names differ, set model.teacher.keypoints to the teacher's "
            "keypoint for each of the student's, by name or index, or None."
        )
    if index == [*range(len(teacher))]:
        return None
    return index


def equal_names(names: Sequence[str], wanted: Sequence[str]) -> Index:
    """Find the index of the name that is equal to each of those wanted.

    Case, spaces and dashes do not count. Names that only number keypoints are
    equal only where both number the same ones.
    """
    named = {plain_name(x): i for i, x in reversed([*enumerate(names)])}
    if _numbered(names) != _numbered(wanted):
        for name in _numbered(names):
            del named[name]
    return [named.get(plain_name(name)) for name in wanted]


def describe_match(
    index: Index,
    teacher: Sequence[str] | None,
    student: Sequence[str] | None,
) -> str:
    """Say which of the student's keypoints have a teacher."""

    def name(names: Sequence[str] | None, i: int) -> str:
        return str(names[i]) if names else f'keypoint {i}'

    found = [(i, j) for i, j in enumerate(index) if j is not None]
    lines = [
        f'it teaches {len(found)} of the {len(index)} keypoints of the '
        'student:'
    ]
    lines += [f'  {name(student, i)} <- {name(teacher, j)}' for i, j in found]
    absent = [name(student, i) for i, j in enumerate(index) if j is None]
    if absent:
        lines.append(
            f'  from labels alone: {", ".join(absent)}. Scores come from the '
            'teacher: do not trust those of these keypoints.'
        )
    return '\n'.join(lines)


def check_same_mirror_images(
    own: dict | None, metainfo: dict, num_keypoints: int
) -> None:
    """Compare the mirror pairs of the teacher's and a sample's keypoints.

    This is for training runs in which the student's names are not known.

    Args:
        own: Metainfo of the teacher, or None.
        metainfo: Metainfo of a data sample.
        num_keypoints: Number of keypoints of teacher and student.

    Raises:
        ValueError: The pairs differ.
    """
    own = own or {}
    pairs, others = (
        [*meta.get('flip_indices', ())] for meta in (own, metainfo)
    )
    # Samples that come from no dataset, as in tests, have any indices.
    known = metainfo.get('dataset_name') is not None
    if (
        known
        and pairs != others
        and len(pairs) == len(others) == num_keypoints
    ):
        raise UserValueError(
            'Teacher and student have other keypoints: in a mirror image, the '
            f"teacher's ({own.get('dataset_name')}) are exchanged like "
            f"{pairs}, the student's ({metainfo.get('dataset_name')}) like "
            f'{others}. Choose a teacher of the same keypoints.'
        )


def plain_name(name: str) -> str:
    """A name without what spellings differ in: case, spaces, dashes."""
    plain = re.sub(r'[\W_]+', '', name.lower())
    return SYNONYMS.get(plain, plain)


def _numbered(names: Sequence[str]) -> set[str]:
    """Plain names that mean nothing beside another number of them."""
    return {x for x in map(plain_name, names) if NUMBERED.fullmatch(x)}


def _chosen(
    choice: str | int | None, teacher: Sequence[str] | None
) -> int | None:
    if choice is None:
        return None
    if isinstance(choice, int) and (
        0 <= choice < len(teacher) if teacher else choice >= 0
    ):
        return choice
    for i, name in enumerate(teacher or ()):
        if isinstance(choice, str) and plain_name(name) == plain_name(choice):
            return i
    raise UserValueError(
        f'model.teacher.keypoints names {choice!r}, which the teacher does '
        f'not predict. It predicts {", ".join(teacher or ("(no names)",))}.'
    )


def counted(names: Sequence[str]) -> str:
    """How many names there are, and the first of them."""
    return f'{len(names)} keypoints ({few(names, 4)})'
