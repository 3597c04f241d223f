# The demo's student without a teacher.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64.py',
    '../../../_base_/schedules/adam_15e.py',
]

model = dict(
    backbone=_base_.backbone,
    neck=dict(**_base_.neck, num_keypoints=_base_.num_keypoints),
    # Nothing trains sigmas and scores here.
    head=dict(
        in_channels=96,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        sigmas=False,
        scores=False,
    ),
    test_cfg=dict(flip_test=False),
)

train_cfg = dict(max_epochs=15, val_interval=5)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
