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

__all__ = ['NamedTeacher', 'fitting_teacher', 'named_teacher']

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
    """A config's name and the address of its weights."""

    config: str
    checkpoint: str


def named_teacher(
    name: str, names: Sequence[str], report: Report
) -> NamedTeacher:
    """Look a teacher up, and compare its keypoints with the data's.

    Args:
        name: Of a config of MMPose's zoo.
        names: Of the data's keypoints.
        report: Told which keypoints the teacher knows.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: It is of a kind that cannot teach, or cannot be built
            here; or it has no published weights, or too few of the keypoints.
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
    known = _keypoints(path.stem)
    index = match_keypoints(known, names)  # None where all are the same
    number = len(names) if index is None else len(names) - index.count(None)
    text = f'Teacher: {path.stem}, weights {checkpoint}'
    if known:
        text += f'; it knows {number} of {len(names)} keypoints by name'
    report.facts.append(text)
    return NamedTeacher(path.stem, checkpoint)


def fitting_teacher(names: Sequence[str]) -> str | None:
    """A teacher of the zoo with exactly these keypoints, if we know one."""
    wanted = [*map(plain_name, names)]
    return next(
        (n for n in OFFERED if [*map(plain_name, _keypoints(n))] == wanted),
        None,
    )


def _keypoints(name: str) -> Sequence[str]:
    return MMPoseSource(name).keypoint_names or []
