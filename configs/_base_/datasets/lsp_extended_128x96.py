# Leeds Sports Pose Extended for a small student: its people are about 120
# pixels high. Images are kept in memory, and augmented as RTMPose does it.
_base_ = ['lsp_extended_256x192.py']

codec = dict(type='RegressionLabel', input_size=(96, 128))
heatmap_codec = dict(input_size=codec['input_size'], heatmap_size=(24, 32))

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
    dict(
        type='GenerateTarget',
        encoder=dict(_base_.heatmap_codec, **heatmap_codec),
    ),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]
# Meant for a few CPU cores: no processes beside the one that trains.
alone = dict(num_workers=0, persistent_workers=False)
train_dataloader = dict(**alone, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(**alone, dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader

# AP with CrowdPose's sigmas, and PCK at a tenth and at a fifth of the box.
val_evaluator = [
    _base_.val_evaluator[0],
    dict(type='PCKAccuracy', thr=0.1, norm_item='bbox', prefix='tenth'),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='fifth'),
]
test_evaluator = val_evaluator
