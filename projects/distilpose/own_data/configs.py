"""The configs that ``distilpose init`` writes: a student, and what teaches it.

They stand on their own, except for MMPose's ``default_runtime.py``, so that
all that counts can be read and changed in one place.
"""

from dataclasses import dataclass
from string import Template
from textwrap import wrap
from typing import Any, Dict, List, Optional

from mmengine.config import Config

from ..zoo import find_config, input_size
from .render import Name, render
from .schedule import Schedule
from .students import Student
from .teachers import NamedTeacher

__all__ = ['Plan', 'distilled_text', 'student_text', 'teacher_text']

HERE = '{{ fileDirname }}'
NUMBERS = ('num_keypoints', 'num_joints', 'out_channels')
"""Settings of necks and heads that are the number of keypoints."""

STUDENT = Template("""\
# $title
# Written by `distilpose init`, to be read and changed.
_base_ = ['mmpose::_base_/default_runtime.py']
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
work_dir = '$here/work_dirs/config'

images = $images
annotations = '$here/annotations/'
metainfo = dict(from_file='$here/metainfo.py')
num_keypoints = $num_keypoints
flip = $flip  # whether the mirror image of an image is one, too

# $why.
epochs = $epochs
batch_size = $batch_size

codec = $codec
model = $model

augmentation = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    *([dict(type='RandomFlip')] if flip else []),
$augmentation
    dict(type='TopdownAffine', input_size=codec['input_size']),
]
train_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

people = dict(
    type='CocoDataset',
    data_mode='topdown',
    metainfo=metainfo,
    data_prefix=dict(img=images),
)
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        **people,
        ann_file=annotations + 'train.json',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        **people,
        ann_file=annotations + 'val.json',
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file=annotations + 'val.json')
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=epochs, val_interval=$val_interval)
optim_wrapper = $optim_wrapper
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-3,
        by_epoch=False,
        begin=0,
        end=$warmup,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        begin=0,
        end=epochs,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=batch_size)
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=$val_interval,
        max_keep_ckpts=2,
        save_best='coco/AP',
        rule='greater',
    )
)
custom_hooks = $custom_hooks
""")

TEACHER = Template("""\
# The teacher: heatmaps, on the same data. It starts from what the student of
# config.py has learned, as far as both are the same, because from random
# weights it would need long to leave the plateau of empty heatmaps.
_base_ = ['config.py']
work_dir = '$here/work_dirs/teacher'

num_keypoints = _base_.num_keypoints
flip = _base_.flip
heatmap_codec = $heatmap_codec
model = $model
train_pipeline = [
    *_base_.augmentation,
    dict(type='GenerateTarget', encoder=heatmap_codec),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
""")

DISTILLED = Template("""\
# The student of config.py, distilled from the teacher of teacher.py.
_base_ = ['config.py']
work_dir = '$here/work_dirs/distilled'

model = $model
""")


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
        start: A checkpoint to start from, of any keypoints.
    """

    title: str
    student: Student
    schedule: Schedule
    images: str
    num_keypoints: int
    people: int
    flip: bool
    teacher: Optional[NamedTeacher] = None
    start: Optional[str] = None


def student_text(plan: Plan) -> str:
    """The config of the student, distilled if a teacher was named."""
    config = _load(plan.student.config)
    model = _model(config, 'codec')
    if plan.teacher:
        _distil(model, plan.teacher._asdict(), tokens=False)
    schedule = plan.schedule
    steps = -(-plan.people // schedule.batch_size) * schedule.epochs
    hooks = [_plain(hook) for hook in config.custom_hooks]
    if plan.start:
        hooks.append(dict(type='FineTuneHook', checkpoint=plan.start))
    values = dict(
        codec=_plain(config.codec),
        model=model,
        optim_wrapper=_plain(config.optim_wrapper),
        custom_hooks=hooks,
    )
    return STUDENT.substitute(
        title=plan.title,
        here=HERE,
        images=repr(plan.images.rstrip('/') + '/'),
        num_keypoints=plan.num_keypoints,
        flip=plan.flip,
        why='\n# '.join(wrap(schedule.why, 76)),
        epochs=schedule.epochs,
        batch_size=schedule.batch_size,
        val_interval=schedule.val_interval,
        warmup=max(1, min(500, steps // 10)),
        augmentation='\n'.join(
            f'    {render(transform, 4, 4)},'
            for transform in schedule.augmentation
        ),
        **{k: render(v, before=len(k) + 3) for k, v in values.items()},
    )


def teacher_text(plan: Plan) -> str:
    """The config of a teacher on the same data."""
    config = _load(plan.student.teacher)
    student = _load(plan.student.config).model
    if input_size(config) != input_size(_load(plan.student.config)):
        raise ValueError(
            f'{plan.student.teacher} and {plan.student.config} have other '
            'input sizes. Choose another pair in own_data/students.py.'
        )
    model = _model(config, 'heatmap_codec')
    model['head']['loss'] = dict(type='PeakedHeatmapLoss')
    for part in ('backbone', 'neck'):
        model.get(part, {}).pop('init_cfg', None)
        if part in model and part in student:
            if student[part].type != model[part]['type']:
                continue
            model[part]['init_cfg'] = dict(
                type='Pretrained',
                checkpoint=_checkpoint('config'),
                prefix=f'{part}.',
            )
    values = dict(
        heatmap_codec=_plain(config.codec),
        model=dict(_delete_=True, **model),
    )
    return TEACHER.substitute(
        here=HERE,
        **{k: render(v, before=len(k) + 3) for k, v in values.items()},
    )


def distilled_text(plan: Plan) -> str:
    """The config of the student with the teacher on the same data."""
    student, teacher = (_load(name).model for name in plan.student)
    model: Dict[str, Any] = dict(head=dict(type=student.head.type))
    _distil(
        model,
        dict(
            config=f'{HERE}/teacher.py',
            checkpoint=_checkpoint('teacher'),
        ),
        tokens=_same_tokens(student, teacher),
    )
    del model['head']['type']
    return DISTILLED.substitute(here=HERE, model=render(model, before=8))


def _checkpoint(run: str) -> Name:
    """The last checkpoint of a run, however many epochs the user sets."""
    return Name(f"f'{HERE}/work_dirs/{run}/epoch_{{_base_.epochs}}.pth'")


def _load(name: str) -> Config:
    return Config.fromfile(find_config(name))


def _model(config: Config, codec: str) -> Dict[str, Any]:
    """A model for ``num_keypoints``, with names of variables of ours."""
    model = _plain(config.model)
    for part in ('neck', 'head'):
        for key in NUMBERS:
            if key in model.get(part, {}) and (part, key) != (
                'neck',
                'out_channels',
            ):
                model[part][key] = Name('num_keypoints')
    model['head']['decoder'] = Name(codec)
    model['test_cfg'] = dict(model.get('test_cfg', {}), flip_test=Name('flip'))
    return model


def _distil(
    model: Dict[str, Any], teacher: Dict[str, Any], tokens: bool
) -> None:
    """Make a student's model learn from a teacher."""
    model['type'] = 'DistilPoseEstimator'
    if model['head']['type'] == 'DistilPoseHead':
        model['head'].update(sigmas=True, scores=True)
    terms: Dict[str, Any] = {}
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
        keys: List[str] = sorted(value, key=lambda key: key != 'type')
        return {key: _plain(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value
