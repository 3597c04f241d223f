# The demo's student, distilled from the demo's teacher by the paper's terms.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/distillation.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64.py',
    '../../../_base_/schedules/adam_15e.py',
]

model = dict(
    type='DistilPoseEstimator',
    backbone=_base_.backbone,
    neck=dict(**_base_.neck, num_keypoints=_base_.num_keypoints),
    head=dict(
        in_channels=96,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        sigmas=True,
        scores=True,
    ),
    test_cfg=dict(flip_test=False),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/demo/'
        'tokenpose-tiny_1xb32-15e_demo-96x64.py',
        checkpoint='work_dirs/tokenpose-tiny_1xb32-15e_demo-96x64/'
        'epoch_15.pth',
    ),
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=15, val_interval=5)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
