# At the cost of RTMPose-m: CSPNeXt-m and an encoder of 4 layers, distilled
# from RTMPose-l.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/cspnext.py',
    '../../../_base_/datasets/coco_256x192_strong.py',
    '../../../_base_/schedules/adamw_420e.py',
]

model = dict(
    type='DistilPoseEstimator',
    backbone=dict(
        **_base_.backbone,
        deepen_factor=0.67,
        widen_factor=0.75,
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint=_base_.weights.format('m', 'f2f7d6f6_20230130'),
        ),
    ),
    neck=dict(
        **_base_.narrow_encoder,
        num_keypoints=_base_.num_keypoints,
        in_channels=768,
        num_layers=4,
    ),
    head=dict(
        in_channels=128,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
    ),
    teacher='rtmpose-l_8xb256-420e_coco-256x192',
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, _base_.average_hook]
