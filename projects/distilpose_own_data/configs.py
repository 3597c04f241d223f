"""The configs that ``distilpose init`` writes: a student, and what teaches it.

A file of settings holds all that a user may change. Another file, which is
the same for everybody, puts them together. Both need no other file, except
for MMPose's ``default_runtime.py``.
"""

from functools import cache
from textwrap import wrap
from typing import Any, NamedTuple

from mmengine.config import Config

from distilpose.losses.paper import PAPER_TERMS
from distilpose.zoo.find import read_config

from .config_text import Variable, fill
from .data import Data
from .metainfo import may_flip
from .schedule import Schedule, choose_schedule
from .students import Student, find_student
from .teachers import NamedTeacher
from .templates import CONFIG, DISTILLED, SETTINGS, TEACHER

__all__ = ['Plan', 'config_texts']

NUMBERS = (
    ('neck', 'num_keypoints'),
    ('head', 'num_joints'),
    ('head', 'out_channels'),
)
"""Settings of necks and heads that are the number of keypoints."""
PARTS = ('type', 'data_preprocessor', 'backbone', 'neck', 'head')
"""What a model is written from, in order."""
HOOKS = ('ChannelsLastHook',)
"""Hooks of a student's config that are not in every config.py."""
LABELLED = 0.5
"""How many people with labels come on each whom a teacher labels, at least:
the share that was measured (docs/experiments.md)."""
OWN_HEADS = ('DistilPoseHead', 'PooledDistilPoseHead')


class Plan(NamedTuple):
    """What the configs are made for.

    Attributes:
        name: Of the dataset.
        student: Which student, by its short name.
        data: What to train on.
        teacher: A teacher of the zoo, if one was named.
        start: A checkpoint to start from, of any keypoints, or the name of a
            config with published weights; ``'none'`` for random weights; None
            for what is published for the student, if anything.
    """

    name: str
    student: str
    data: Data
    teacher: NamedTeacher | None
    start: str | None

    @property
    def title(self) -> str:
        """The first line of the student's config."""
        taught = self._people('unlabelled')
        return (
            f'{self.student} for {len(self.data.names)} keypoints of '
            f'{self.name}, {self._people("train")} people to train on.'
            + (f' A teacher labels {taught}.' if taught else '')
        )

    @property
    def repeat(self) -> int | None:
        """How often people's labels come in an epoch, beside those of a
        teacher, which come once; None without the latter."""
        share = LABELLED * self._people('unlabelled') / self._people('train')
        return max(1, round(share)) if share else None

    @property
    def schedule(self) -> Schedule:
        labelled = self._people('train') * (self.repeat or 1)
        return choose_schedule(self._people('unlabelled') + labelled)

    def _people(self, kind: str) -> int:
        split = self.data.splits.get(kind)
        return len(split.people) if split else 0


def config_texts(plan: Plan) -> dict[str, str]:
    """The configs, by the names of their files."""
    student = find_student(plan.student)
    texts = {'config.py': CONFIG, 'settings.py': _settings(plan, student)}
    has_teacher = student.teacher or 'heatmap_codec' in _load(student.config)
    if has_teacher and not plan.teacher and plan.data.is_labelled:
        texts['teacher.py'] = _teacher(student)
        texts['distilled.py'] = _distilled(student)
    return texts


def _settings(plan: Plan, student: Student) -> str:
    """The student, with its numbers; distilled, if a teacher was named."""
    data, schedule = plan.data, plan.schedule
    config = _load(student.config)
    model = _model(_alone(config.model), 'codec')
    del model['data_preprocessor']  # stands in config.py
    own = _take_start(model, timm=plan.start is not None)
    start = plan.start or student.start or own
    if start == 'none':
        start = None
    if plan.teacher:
        _distil(model, plan.teacher.config, boxes_only=data.boxes_only)
    hooks = [_plain(hook) for hook in config.custom_hooks]
    optim_wrapper = _plain(config.optim_wrapper)
    if student.learning_rate:
        optim_wrapper['optimizer']['lr'] = student.learning_rate
    codec = _plain(config.codec)
    size, codec['input_size'] = codec['input_size'], Variable('input_size')
    if codec['type'] == 'SimCCLabel':
        codec['sigma'] = Variable('tuple((x / 8)**0.5 for x in input_size)')
    kind = 'UnlabelledPeopleDataset' if data.boxes_only else 'CocoDataset'
    more = ''
    if plan.repeat:
        more = f"unlabelled = '{kind}'  # people whom a teacher labels\n"
        more += f'repeat = {plan.repeat}  # times that labels come an epoch\n'
    elif data.boxes_only:
        more = f"train_type = '{kind}'  # a teacher labels\n"
    return fill(
        SETTINGS,
        training_data=data.origins,
        title=Variable(plan.title),
        images=f'{data.root.rstrip("/")}/',
        num_keypoints=len(data.names),
        flip=may_flip(data.names),
        more=Variable(more),
        start=start,
        labels=data.labels,
        why=Variable('\n# '.join(wrap(schedule.why, 76))),
        epochs=schedule.epochs,
        batch_size=schedule.batch_size,
        val_interval=schedule.val_interval,
        warmup=schedule.warmup,
        changes=schedule.augmentation,
        input_size=size,
        codec=codec,
        model=model,
        optim_wrapper=optim_wrapper,
        average=any(hook['type'] == 'EMAHook' for hook in hooks),
        hooks=[hook for hook in hooks if hook['type'] in HOOKS],
    )


def _teacher(student: Student) -> str:
    """A teacher on the same data."""
    codec, teacher = _teacher_model(student)
    model = _model(teacher, 'heatmap_codec')
    model['data_preprocessor'] = Variable('_base_.model.data_preprocessor')
    model['head']['loss'] = dict(type='PeakedHeatmapLoss')
    _take_start(model, timm=True)
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
    return read_config(name, with_mmpose=True)


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


def _teacher_model(student: Student) -> tuple[dict, dict[str, Any]]:
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


def _take_start(model: dict[str, Any], timm: bool) -> str | None:
    """Remove the files that a model's parts start from; return the backbone's.

    With ``timm``, the weights that timm downloads are removed as well.
    """
    if timm:
        model['backbone'].pop('pretrained', None)
    files = [
        part.pop('init_cfg')['checkpoint']
        for part in (model['backbone'], model.get('neck') or {})
        if part.get('init_cfg', {}).get('type') == 'Pretrained'
    ]
    return files[0] if files else None


def _model(model: dict[str, Any], codec: str) -> dict[str, Any]:
    """A model for ``num_keypoints``, with names of variables of ours."""
    for part, key in NUMBERS:
        if key in (model.get(part) or {}):
            model[part][key] = Variable('num_keypoints')
    head = model['head']
    head['decoder'] = Variable(codec)
    if 'in_featuremap_size' in head:
        stride = head['input_size'][0] // head['in_featuremap_size'][0]
        size = f'tuple(x // {stride} for x in input_size)'
        head['in_featuremap_size'] = Variable(size)
        head['input_size'] = Variable('input_size')
    model['test_cfg'] = dict(
        model.get('test_cfg', {}), flip_test=Variable('flip')
    )
    return {key: model[key] for key in (*PARTS, *model) if key in model}


def _distil(
    model: dict[str, Any],
    teacher: str | dict[str, Any],
    tokens: bool = False,
    boxes_only: bool = False,
) -> None:
    """Make a student's model learn from a teacher.

    Other heads learn by the default of ``DistilPoseEstimator``.
    """
    model['type'] = 'DistilPoseEstimator'
    model['teacher'] = teacher
    if model['head']['type'] in OWN_HEADS:
        model['head'].update(sigmas=True, scores=True)
        labels = dict(labels=dict(type='TeacherLabelLoss'))
        model['distillation'] = (labels if boxes_only else {}) | {
            name: term
            for name, term in PAPER_TERMS.items()
            if tokens or 'tokens' not in name
        }
    if boxes_only:
        model['keypoint_weighting'] = dict(unlabelled=True)


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
