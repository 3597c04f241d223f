# DistilPose-S on MPII, distilled from HRNet-W48 of MMPose's zoo.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/datasets/mpii_256x256.py',
    '../../../_base_/schedules/adam_210e.py',
]

model = dict(
    type='DistilPoseEstimator',
    neck=dict(num_keypoints=_base_.num_keypoints, patch_size=(4, 4)),
    head=dict(num_joints=_base_.num_keypoints, decoder=_base_.codec),
    teacher='td-hm_hrnet-w48_8xb64-210e_mpii-256x256',
    # The paper's other two terms compare tokens, which this teacher lacks.
    distillation=dict(
        simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
        scores=dict(type='KeypointScoreLoss'),
    ),
)

train_cfg = dict(max_epochs=210, val_interval=10)
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook', save_best=_base_.save_best, rule='greater'
    )
)
custom_hooks = _base_.own_hooks
