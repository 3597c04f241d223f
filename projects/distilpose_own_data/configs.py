"""The configs that ``distilpose init`` writes: a student, and what teaches it.

A file of settings, with all that is to be read and changed, stands in front
of one that is the same for everybody. Both stand on their own, except for
MMPose's ``default_runtime.py``.
"""

from dataclasses import dataclass
from functools import cache
from textwrap import wrap
from typing import Any

from mmengine.config import Config

from distilpose.zoo.find import find_config, input_size
from distilpose_runtime.errors import UserValueError

from .config_text import Variable, fill
from .schedule import Schedule
from .students import Student
from .teachers import NamedTeacher
from .templates import CONFIG, DISTILLED, SETTINGS, TEACHER

__all__ = ['Plan', 'config_texts']

NUMBERS = ('num_keypoints', 'num_joints', 'out_channels')
"""Settings of necks and heads that are the number of keypoints."""
PARTS = ('type', 'data_preprocessor', 'backbone', 'neck', 'head')
"""What a model is written from, in order."""
HOOKS = ('ChannelsLastHook',)
"""Hooks of a student's config that are not in every config.py."""
OWN_HEADS = ('DistilPoseHead', 'PooledDistilPoseHead')


@dataclass
class Plan:
    """What the configs are made for.

    Attributes:
        title: The first line of the student's config.
        student: Which student.
        schedule: How to train.
        images: Absolute path of the folder of photos.
        num_keypoints: How many keypoints.
        people: How many people to train on.
        flip: Whether images are flipped.
        teacher: A teacher of the zoo, if one was named.
        start: A checkpoint to start from, of any keypoints; ``'none'`` for
            random weights; None for what is published for the student, if
            anything.
    """

    title: str
    student: Student
    schedule: Schedule
    images: str
    num_keypoints: int
    people: int
    flip: bool
    teacher: NamedTeacher | None = None
    start: str | None = None


def config_texts(plan: Plan) -> dict[str, str]:
    """The configs, by the names of their files."""
    texts = {'settings.py': _settings(plan), 'config.py': CONFIG}
    if plan.teacher is None:
        texts['teacher.py'] = _teacher(plan.student)
        texts['distilled.py'] = _distilled(plan.student)
    return texts


def _settings(plan: Plan) -> str:
    """The student, distilled if a teacher was named, and its numbers."""
    config = _load(plan.student.config)
    model = _model(_alone(config.model), 'codec')
    del model['data_preprocessor']  # stands in config.py
    start = _published_start(model) if plan.start is None else plan.start
    if plan.start:
        _from_random_weights(model)
    if plan.teacher:
        _distil(model, plan.teacher.config, tokens=False)
    schedule = plan.schedule
    steps = -(-plan.people // schedule.batch_size) * schedule.epochs
    hooks = [_plain(hook) for hook in config.custom_hooks]
    optim_wrapper = _plain(config.optim_wrapper)
    if plan.student.learning_rate:
        optim_wrapper['optimizer']['lr'] = plan.student.learning_rate
    codec = _plain(config.codec)
    return fill(
        SETTINGS,
        title=Variable(plan.title),
        images=plan.images.rstrip('/') + '/',
        num_keypoints=plan.num_keypoints,
        flip=plan.flip,
        start=None if start == 'none' else start,
        why=Variable('\n# '.join(wrap(schedule.why, 76))),
        epochs=schedule.epochs,
        batch_size=schedule.batch_size,
        val_interval=schedule.val_interval,
        warmup=max(1, min(500, steps // 10)),
        changes=[*schedule.augmentation],
        input_size=codec['input_size'],
        codec=dict(codec, input_size=Variable('input_size')),
        model=model,
        optim_wrapper=optim_wrapper,
        average=any(hook['type'] == 'EMAHook' for hook in hooks),
        hooks=[hook for hook in hooks if hook['type'] in HOOKS],
    )


def _teacher(student: Student) -> str:
    """A teacher on the same data."""
    codec, teacher = _teacher_model(student)
    if codec['input_size'] != input_size(_load(student.config)):
        raise UserValueError(
            f'{student.teacher} and {student.config} have other input sizes. '
            'Choose another pair in own_data/students.py.'
        )
    model = _model(teacher, 'heatmap_codec')
    model['data_preprocessor'] = Variable('_base_.model.data_preprocessor')
    model['head']['loss'] = dict(type='PeakedHeatmapLoss')
    _from_random_weights(model)
    model = dict(_delete_=True, **model)
    return fill(TEACHER, heatmap_codec=codec, model=model)


def _distilled(student: Student) -> str:
    """The student with the teacher on the same data."""
    alone = _load(student.config).model
    _, teacher = _teacher_model(student)
    model: dict[str, Any] = dict(type='', head=dict(type=alone.head.type))
    _distil(
        model,
        dict(
            config='{{ fileDirname }}/teacher.py',
            checkpoint=Variable(
                "f'{{ fileDirname }}/work_dirs/teacher/"
                "epoch_{_base_.epochs}.pth'"
            ),
        ),
        tokens=_same_tokens(alone, teacher),
    )
    del model['head']['type']
    return fill(DISTILLED, model=model)


@cache
def _load(name: str) -> Config:
    return Config.fromfile(find_config(name))


def _alone(model: dict[str, Any]) -> dict[str, Any]:
    """The model of a student, without a teacher if it has one."""
    model = _plain(model)
    if model['type'] != 'DistilPoseEstimator':
        return model
    model['type'] = 'TopdownPoseEstimator'
    for key in ('teacher', 'distillation'):
        del model[key]
    # Nothing trains sigmas and scores then.
    model['head'].update(sigmas=False, scores=False)
    return model


def _teacher_model(
    student: Student,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The codec and the model of a student's heatmap-based teacher."""
    if student.teacher:
        config = _load(student.teacher)
        return _plain(config.codec), _plain(config.model)
    config = _load(student.config)
    own = _plain(config.model)
    channels = (own['neck'] or own['head'])['in_channels']
    model = dict(
        type='TopdownPoseEstimator',
        backbone=own['backbone'],
        head=dict(type='HeatmapHead', in_channels=channels, out_channels=0),
        test_cfg=dict(flip_mode='heatmap', shift_heatmap=True),
    )
    return _plain(config.heatmap_codec), model


def _published_start(model: dict[str, Any]) -> str | None:
    """Take the file that a backbone starts from out of a model, in place."""
    if model['backbone'].get('init_cfg', {}).get('type') != 'Pretrained':
        return None
    return model['backbone'].pop('init_cfg')['checkpoint']


def _from_random_weights(model: dict[str, Any]) -> None:
    """Let a model's parts start from no file, in place."""
    for part in ('backbone', 'neck'):
        settings = model.get(part) or {}
        if settings.get('init_cfg', {}).get('type') == 'Pretrained':
            del settings['init_cfg']
        settings.pop('pretrained', None)


def _model(model: dict[str, Any], codec: str) -> dict[str, Any]:
    """A model for ``num_keypoints``, with names of variables of ours."""
    for part in ('neck', 'head'):
        for key in NUMBERS:
            if key in (model.get(part) or {}) and (part, key) != (
                'neck',
                'out_channels',
            ):
                model[part][key] = Variable('num_keypoints')
    model['head']['decoder'] = Variable(codec)
    model['test_cfg'] = dict(
        model.get('test_cfg', {}), flip_test=Variable('flip')
    )
    return {key: model[key] for key in (*PARTS, *model) if key in model}


def _distil(
    model: dict[str, Any], teacher: str | dict[str, Any], tokens: bool
) -> None:
    """Make a student's model learn from a teacher."""
    model['type'] = 'DistilPoseEstimator'
    if model['head']['type'] in OWN_HEADS:
        model['head'].update(sigmas=True, scores=True)
    terms: dict[str, Any] = {}
    if tokens:
        for kind in ('visual', 'keypoint'):
            terms[f'{kind}_tokens'] = dict(
                type='TokenDistillationLoss', tokens=kind
            )
    terms['simulated_heatmaps'] = dict(type='SimulatedHeatmapLoss')
    terms['scores'] = dict(type='KeypointScoreLoss')
    model['teacher'] = teacher
    model['distillation'] = terms


def _same_tokens(student: Any, teacher: Any) -> bool:
    keys = ('type', 'embed_dims', 'patch_size')
    one, other = student.get('neck') or {}, teacher.get('neck') or {}
    return one.get('type') == 'TokenDistillingEncoder' and all(
        one.get(key) == other.get(key) for key in keys
    )


def _plain(value: Any) -> Any:
    """Dicts and lists in place of MMEngine's, ``type`` first."""
    if isinstance(value, dict):
        keys: list[str] = sorted(value, key=lambda key: key != 'type')
        return {key: _plain(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value
