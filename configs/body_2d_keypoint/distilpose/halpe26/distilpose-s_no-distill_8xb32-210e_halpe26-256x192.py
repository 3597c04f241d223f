# DistilPose-S on Halpe26 without a teacher.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/datasets/halpe26_256x192.py',
    '../../../_base_/schedules/adam_210e.py',
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

train_cfg = dict(max_epochs=210, val_interval=10)
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook', save_best=_base_.save_best, rule='greater'
    )
)
custom_hooks = _base_.own_hooks
