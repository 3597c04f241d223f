# COCO with the stronger augmentation of RTMPose: larger changes of scale,
# shifts, and colours. Its blur and cut-out need the package albumentations,
# and its last epochs a hook of MMDetection: both are left out here.
_base_ = ['coco_256x192.py']

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(
        type='RandomBBoxTransform', scale_factor=(0.6, 1.4), rotate_factor=80
    ),
    dict(type='TopdownAffine', input_size=_base_.codec.input_size),
    dict(type='YOLOXHSVRandomAug'),
    dict(type='GenerateTarget', encoder=_base_.codec),
    dict(type='PackPoseInputs'),
]
train_dataloader = dict(
    batch_size=128, num_workers=8, dataset=dict(pipeline=train_pipeline)
)
