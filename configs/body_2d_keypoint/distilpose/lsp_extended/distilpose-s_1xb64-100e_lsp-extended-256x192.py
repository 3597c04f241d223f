# DistilPose-S on Leeds Sports Pose Extended, distilled by the paper's terms.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/distillation.py',
    '../../../_base_/datasets/lsp_extended_256x192.py',
    '../../../_base_/schedules/adam_100e.py',
]

model = dict(
    type='DistilPoseEstimator',
    neck=dict(num_keypoints=_base_.num_keypoints),
    head=dict(
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        sigmas=True,
        scores=True,
    ),
    teacher=dict(
        config='{{ fileDirname }}/'
        'tokenpose-stem_1xb64-100e_lsp-extended-256x192.py',
        checkpoint='work_dirs/tokenpose-stem_1xb64-100e_lsp-extended-256x192/'
        'epoch_100.pth',
    ),
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=100, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
