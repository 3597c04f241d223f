"""The texts of the configs that ``distilpose init`` writes."""

from string import Template

__all__ = ['DISTILLED', 'STUDENT', 'TEACHER']

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
flip = $flip  # train on mirrored photos, too, and test on both

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
