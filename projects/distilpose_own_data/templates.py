"""The texts of the configs that ``distilpose init`` writes."""

__all__ = ['CONFIG', 'DISTILLED', 'SETTINGS', 'TEACHER']

SETTINGS = """\
# $title
# Written by `distilpose init`, to be read and changed: config.py takes it.
_base_ = ['mmpose::_base_/default_runtime.py']
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
images = $images
training_data = $training_data
num_keypoints = $num_keypoints
flip = $flip  # train on mirrored photos, too, and test on both
${more}start = $start  # weights to start from, or None
labels = $labels  # to validate on: of 'people' (AP), a 'teacher', or None

# $why.
epochs = $epochs
batch_size = $batch_size
val_interval = $val_interval  # epochs
warmup = $warmup  # steps; with fewer epochs, take fewer
changes = $changes

input_size = $input_size  # width, height
codec = $codec
model = $model
optim_wrapper = $optim_wrapper
average = $average  # validate a running average of the weights
hooks = $hooks
"""

CONFIG = """\
# How the settings are put together: pipelines, data, schedule. To be trained
# and tested; the numbers to change are in settings.py.
_base_ = ['settings.py']
work_dir = '{{ fileDirname }}/work_dirs/config'

model = dict(
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    )
)
annotations = '{{ fileDirname }}/annotations/'
metainfo = dict(from_file='{{ fileDirname }}/metainfo.py')
augmentation = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    *([dict(type='RandomFlip')] if _base_.flip else []),
    *_base_.changes,
    dict(type='TopdownAffine', input_size=_base_.codec['input_size']),
]
train_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder=_base_.codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=_base_.codec['input_size']),
    dict(type='PackPoseInputs'),
]

people = dict(
    data_mode='topdown',
    metainfo=metainfo,
    data_prefix=dict(img=_base_.images),
)
loader = dict(
    batch_size=_base_.batch_size, num_workers=2, persistent_workers=True
)
labelled = dict(
    **people,
    type=_base_.get('train_type', 'CocoDataset'),
    ann_file=annotations + 'train.json',
    pipeline=train_pipeline,
)
# What a teacher labels comes once an epoch, and people's labels more often.
mixed = dict(
    type='CombinedDataset',
    metainfo=metainfo,
    datasets=[
        dict(
            **people,
            type=_base_.get('unlabelled', 'CocoDataset'),
            ann_file=annotations + 'unlabelled.json',
        ),
        dict(labelled, pipeline=[]),
    ],
    sample_ratio_factor=[1, _base_.get('repeat', 1)],
    pipeline=train_pipeline,
)
train_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=mixed if _base_.get('unlabelled') else labelled,
)
validation = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        **people,
        type='CocoDataset',
        ann_file=annotations + 'val.json',
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
# With labels of a teacher, how near to it the student comes: no AP.
metrics = dict(
    people=dict(type='CocoMetric', ann_file=annotations + 'val.json'),
    teacher=[
        dict(type='PCKAccuracy', thr=0.05, prefix='teacher'),
        dict(type='EPE', prefix='teacher'),  # pixels of the photo
        dict(type='KeypointJitter'),  # of videos
    ],
)
val_dataloader = test_dataloader = validation if _base_.labels else None
val_evaluator = test_evaluator = metrics.get(_base_.labels)
val_cfg = test_cfg = dict() if _base_.labels else None
best = dict(people='coco/AP', teacher='teacher/PCK')

train_cfg = dict(max_epochs=_base_.epochs, val_interval=_base_.val_interval)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-3,
        by_epoch=False,
        begin=0,
        end=_base_.warmup,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        begin=0,
        end=_base_.epochs,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=_base_.batch_size)
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=_base_.val_interval,
        max_keep_ckpts=2,
        save_best=best.get(_base_.labels),
        rule='greater',
    )
)
ema_hook = dict(
    type='EMAHook',
    ema_type='ExpMomentumEMA',
    momentum=0.0002,
    update_buffers=True,
    priority=49,
)
own_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='DatasetCheckHook'),
    dict(type='FiniteLossHook'),
    dict(type='SeedEpochHook'),
    dict(type='KeypointDistanceHook'),
    dict(type='DeployHook'),
    *([ema_hook] if _base_.average else []),
    *_base_.hooks,
]
start_hook = dict(type='FineTuneHook', checkpoint=_base_.start)
custom_hooks = [*own_hooks, *([start_hook] if _base_.start else [])]
"""

TEACHER = """\
# The teacher: heatmaps, on the same data. It starts from what the student of
# config.py has learned, as far as both are the same, because from random
# weights it would need long to leave the plateau of empty heatmaps.
_base_ = ['config.py']
work_dir = '{{ fileDirname }}/work_dirs/teacher'

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
student = f'{{ fileDirname }}/work_dirs/config/epoch_{_base_.epochs}.pth'
custom_hooks = [
    *_base_.own_hooks, dict(type='FineTuneHook', checkpoint=student)
]
"""

DISTILLED = """\
# The student of config.py, distilled from the teacher of teacher.py.
_base_ = ['config.py']
work_dir = '{{ fileDirname }}/work_dirs/distilled'

model = $model
"""
