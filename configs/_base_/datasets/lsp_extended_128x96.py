# Leeds Sports Pose Extended for a small student: person crops in the CrowdPose
# joint order (14 keypoints) and COCO format, under data/lsp_extended/. People
# are about 120 pixels high. Images are kept in memory, and augmented as
# RTMPose does it.
num_keypoints = 14
# What exported files say of their origin.
license = 'for research only, as its training data'
training_data = 'Leeds Sports Pose Extended'

codec = dict(type='RegressionLabel', input_size=(96, 128))
heatmap_codec = dict(  # of the teachers
    type='MSRAHeatmap',
    input_size=codec['input_size'],
    heatmap_size=(24, 32),
    sigma=2,
    unbiased=True,
    blur_kernel_size=11,
)

augmentation = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(
        type='RandomBBoxTransform', scale_factor=(0.65, 1.35), rotate_factor=60
    ),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='YOLOXHSVRandomAug'),
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

data = dict(
    type='CrowdPoseDataset',
    data_root='data/lsp_extended/',
    data_mode='topdown',
)
# Meant for a few CPU cores: no processes beside the one that trains.
loader = dict(batch_size=64, num_workers=0, persistent_workers=False)
train_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        **data,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    **loader,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        **data,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

# AP with CrowdPose's sigmas, and PCK at a tenth and at a fifth of the box.
val_evaluator = [
    dict(
        type='CocoMetric',
        ann_file=f'{data["data_root"]}annotations/val.json',
        use_area=False,
        iou_type='keypoints_crowd',
        prefix='crowdpose',
    ),
    dict(type='PCKAccuracy', thr=0.1, norm_item='bbox', prefix='tenth'),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='fifth'),
]
test_evaluator = val_evaluator
