# The small student on Leeds Sports Pose Extended without a teacher.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/lite0.py',
    '../../../_base_/datasets/lsp_extended_128x96.py',
    '../../../_base_/schedules/adamw_3e.py',
]

model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=_base_.backbone,
    neck=dict(**_base_.neck, num_keypoints=_base_.num_keypoints),
    # Nothing trains sigmas and scores here.
    head=dict(
        **_base_.head,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        sigmas=False,
        scores=False,
    ),
)

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=1)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
