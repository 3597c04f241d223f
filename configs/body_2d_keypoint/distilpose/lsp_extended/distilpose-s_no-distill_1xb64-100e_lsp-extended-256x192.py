# DistilPose-S on Leeds Sports Pose Extended without a teacher.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/datasets/lsp_extended_256x192.py',
    '../../../_base_/schedules/adam_100e.py',
]

model = dict(
    neck=dict(num_keypoints=_base_.num_keypoints),
    # Nothing trains sigmas and scores here.
    head=dict(
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        sigmas=False,
        scores=False,
    ),
)

train_cfg = dict(max_epochs=100, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
