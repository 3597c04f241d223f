# DistilPose-S with RLE as the loss of its coordinates and sigmas, distilled
# from the zoo's HRNet-W48, which has no tokens to imitate.
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
    head=dict(
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
        loss=dict(type='RLELoss', use_target_weight=True),
    ),
    teacher='td-hm_hrnet-w48_8xb32-210e_coco-256x192',
    distillation=dict(
        simulated_heatmaps=_base_.distillation.simulated_heatmaps,
        scores=_base_.distillation.scores,
    ),
)

train_cfg = dict(max_epochs=300, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
