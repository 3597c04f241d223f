# The pictures that `python -m distilpose demo-data data/demo` draws.
num_keypoints = 17

codec = dict(type='RegressionLabel', input_size=(64, 96))
heatmap_codec = dict(  # of the teachers
    type='MSRAHeatmap',
    input_size=codec['input_size'],
    heatmap_size=(16, 24),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)

# No flip: a drawn person's left side is the light one, in a mirror it is not.
augmentation = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0,
        rotate_factor=20,
        scale_factor=(0.85, 1.15),
    ),
    dict(type='TopdownAffine', input_size=codec['input_size']),
]
train_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
heatmap_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder=heatmap_codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

dataset_type = 'CocoDataset'
data_mode = 'topdown'
data_root = 'data/demo/'
# No workers: on two cores they take from the training more than they give.
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric',
    ann_file=f'{data_root}annotations/person_keypoints_val2017.json',
)
test_evaluator = val_evaluator
