# DistilPose-S, distilled from TokenPose-L.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/distillation.py',
    '../../../_base_/datasets/coco_256x192.py',
    '../../../_base_/schedules/adam_300e.py',
]

model = dict(
    type='DistilPoseEstimator',
    neck=dict(num_keypoints=_base_.num_keypoints),
    head=dict(num_joints=_base_.num_keypoints, decoder=_base_.codec),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/coco/'
        'tokenpose-l_8xb64-300e_coco-256x192.py',
        # Where `mim train` of the teacher leaves it.
        checkpoint='work_dirs/tokenpose-l_8xb64-300e_coco-256x192/'
        'epoch_300.pth',
    ),
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=300, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
