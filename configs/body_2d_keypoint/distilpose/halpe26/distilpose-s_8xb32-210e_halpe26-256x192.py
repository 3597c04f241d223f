# DistilPose-S on Halpe26, distilled from RTMPose-l of MMPose's zoo, which was
# trained on these 26 keypoints.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/datasets/halpe26_256x192.py',
    '../../../_base_/schedules/adam_210e.py',
]

model = dict(
    type='DistilPoseEstimator',
    neck=dict(num_keypoints=_base_.num_keypoints),
    head=dict(num_joints=_base_.num_keypoints, decoder=_base_.codec),
    teacher='rtmpose-l_8xb512-700e_body8-halpe26-256x192',
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
