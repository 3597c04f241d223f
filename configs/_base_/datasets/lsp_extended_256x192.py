# Leeds Sports Pose Extended as person crops in the CrowdPose joint order (14
# keypoints) and COCO format, under data/lsp_extended/.
num_keypoints = 14

codec = dict(type='RegressionLabel', input_size=(192, 256))
heatmap_codec = dict(  # of the teachers
    type='MSRAHeatmap',
    input_size=codec['input_size'],
    heatmap_size=(48, 64),
    sigma=2,
    unbiased=True,
    blur_kernel_size=11,
)

augmentation = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(
        type='RandomBBoxTransform',
        shift_prob=0,
        rotate_factor=60,
        scale_factor=(0.75, 1.25),
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
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

dataset_type = 'CrowdPoseDataset'
data_mode = 'topdown'
data_root = 'data/lsp_extended/'
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

# AP with CrowdPose's sigmas, and PCK at a fifth of the box.
val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file=f'{data_root}annotations/val.json',
        use_area=False,
        iou_type='keypoints_crowd',
        prefix='crowdpose',
    ),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox'),
]
test_evaluator = val_evaluator
