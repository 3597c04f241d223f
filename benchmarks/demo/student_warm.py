# The demo's student, whose distillation warms up in the first fifth.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/demo/'
    'distilpose-tiny_1xb32-15e_demo-96x64.py'
]

custom_hooks = [
    *_base_.custom_hooks,
    dict(type='DistillationWeightHook', warmup=0.2),
]
