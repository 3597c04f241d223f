# The student of DistilPose-S without a teacher: the baseline. The paper's
# baselines ran at 8 x 64; this one runs at 8 x 32 as the distilled student
# does, so that the two differ by distillation alone.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/datasets/coco_256x192.py',
    '../../../_base_/schedules/adam_300e.py',
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

train_cfg = dict(max_epochs=300, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
