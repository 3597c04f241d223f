# TokenPose on the stem of HRNet: 6,620,736 parameters.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/coco_256x192.py',
    '../../../_base_/schedules/adam_300e.py',
]

codec = _base_.heatmap_codec
model = dict(
    backbone=dict(type='StemNet'),
    neck=dict(in_channels=256, num_keypoints=_base_.num_keypoints),
    head=dict(
        out_channels=_base_.num_keypoints,
        decoder=_base_.heatmap_codec,
    ),
)
train_dataloader = dict(
    batch_size=64, dataset=dict(pipeline=_base_.heatmap_pipeline)
)
auto_scale_lr = dict(base_batch_size=512)  # 8 GPUs x 64

train_cfg = dict(max_epochs=300, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
