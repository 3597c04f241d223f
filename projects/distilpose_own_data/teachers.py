"""A teacher of MMPose's zoo, named by its config."""

from collections.abc import Sequence
from typing import NamedTuple

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.utils import register_all_modules

from distilpose.checks.report import Report
from distilpose.keypoints.matching import match_keypoints, plain_name
from distilpose.teachers.listing import build_teacher
from distilpose.teachers.mmpose_model import MMPoseSource
from distilpose.zoo.find import find_config
from distilpose.zoo.published import published_weights
from distilpose_runtime.errors import UserFileNotFoundError, UserValueError

__all__ = [
    'NamedTeacher',
    'compare_keypoints',
    'fitting_teacher',
    'named_teacher',
]

# Teachers that are offered where the data have exactly their keypoints.
OFFERED = (
    'td-hm_hrnet-w48_8xb32-210e_coco-256x192',
    'td-hm_hrnet-w32_8xb64-210e_crowdpose-256x192',
    'td-hm_hrnet-w48_8xb64-210e_mpii-256x256',
    'td-hm_hrnet-w48_8xb64-210e_ap10k-256x256',
    'rtmpose-l_8xb512-700e_body8-halpe26-256x192',
)


LISTED = '`distilpose teachers WORD` lists teachers with a word in their name.'


class NamedTeacher(NamedTuple):
    """A config's name, the address of its weights, and its keypoints."""

    config: str
    checkpoint: str
    names: list[str]


def named_teacher(name: str) -> NamedTeacher:
    """Look a teacher up.

    Args:
        name: Of a config of MMPose's zoo.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: It is of a kind that cannot teach, or cannot be built
            here; or it has no published weights.
    """
    try:
        path = find_config(name, with_mmpose=True)
    except FileNotFoundError as error:
        raise UserFileNotFoundError(f'{error} {LISTED}') from error
    register_all_modules(init_default_scope=False)
    try:
        with DefaultScope.overwrite_default_scope('mmpose'):
            build_teacher(Config.fromfile(path).model, path.stem)
    except (TypeError, ValueError) as error:
        raise UserValueError(f'{error} {LISTED}') from error
    checkpoint = published_weights(path)
    if checkpoint is None:
        raise UserValueError(
            f'The teacher "{name}" has no published weights. Choose a config '
            "of MMPose's zoo, or write model.teacher into the config that "
            '`distilpose init` makes without --teacher.'
        )
    return NamedTeacher(path.stem, checkpoint, [*_keypoints(path.stem)])


def compare_keypoints(
    teacher: NamedTeacher, names: Sequence[str], report: Report
) -> None:
    """Report which of the data's keypoints a teacher knows.

    Raises:
        ValueError: Too few.
    """
    index = match_keypoints(teacher.names, names)  # None where all are same
    number = len(names) if index is None else len(names) - index.count(None)
    text = f'Teacher: {teacher.config}, weights {teacher.checkpoint}'
    if teacher.names:
        text += f'; it knows {number} of {len(names)} keypoints by name'
    report.facts.append(text)


def fitting_teacher(names: Sequence[str]) -> str | None:
    """Find a teacher of the zoo with exactly these keypoints, if any."""
    wanted = [*map(plain_name, names)]
    return next(
        (n for n in OFFERED if [*map(plain_name, _keypoints(n))] == wanted),
        None,
    )


def _keypoints(name: str) -> Sequence[str]:
    return MMPoseSource(name).keypoint_names or []
