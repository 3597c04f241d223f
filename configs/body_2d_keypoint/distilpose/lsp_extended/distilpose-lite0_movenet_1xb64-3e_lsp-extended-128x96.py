# The small student on Leeds Sports Pose Extended, distilled from MoveNet
# Thunder: an ONNX file that knows COCO's keypoints, 12 of which Leeds has.
# First `distilpose store-teacher`, which asks it once about each crop.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/lite0.py',
    '../../../_base_/datasets/lsp_extended_128x96.py',
    '../../../_base_/schedules/adamw_3e.py',
]

model = dict(
    type='DistilPoseEstimator',
    data_preprocessor=_base_.data_preprocessor,
    backbone=_base_.backbone,
    neck=dict(**_base_.neck, num_keypoints=_base_.num_keypoints),
    head=dict(
        **_base_.head,
        num_joints=_base_.num_keypoints,
        decoder=_base_.codec,
    ),
    teacher=dict(onnx='data/movenet-thunder.onnx', keypoints_of='coco'),
    distillation=_base_.distillation,
)

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=1)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
