# The demo's student with its features pooled in the place of an encoder.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/demo/'
    'distilpose-tiny_1xb32-15e_demo-96x64.py'
]

model = dict(
    neck=None,
    head=dict(type='PooledDistilPoseHead', in_channels=64),
    distillation=dict(visual_tokens=None, keypoint_tokens=None),
)
