# The demo's student with MMPose's RLEHead on pooled features.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/demo/'
    'distilpose-tiny_1xb32-15e_demo-96x64.py'
]

model = dict(
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(
        _delete_=True,
        type='RLEHead',
        in_channels=64,
        num_joints=_base_.num_keypoints,
        loss=dict(type='RLELoss', use_target_weight=True),
        decoder=_base_.codec,
    ),
    distillation=dict(visual_tokens=None, keypoint_tokens=None, scores=None),
)
