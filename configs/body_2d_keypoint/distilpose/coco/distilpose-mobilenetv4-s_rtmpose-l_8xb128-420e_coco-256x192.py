# Below the cost of RTMPose-t: MobileNetV4-conv-small of timm and a shallow
# encoder, distilled from RTMPose-l.
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
        _delete_=True,
        type='TimmBackbone',
        model_name='mobilenetv4_conv_small',
        pretrained=True,
    ),
    neck=dict(
        num_keypoints=_base_.num_keypoints,
        in_channels=960,
        patch_size=(1, 1),
        embed_dims=192,
        num_heads=8,
        num_layers=4,
    ),
    head=dict(num_joints=_base_.num_keypoints, decoder=_base_.codec),
    teacher='rtmpose-l_8xb256-420e_coco-256x192',
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, _base_.average_hook]
