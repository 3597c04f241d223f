# TokenPose on the stem of HRNet: 6,620,736 parameters.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/coco_256x192_heatmap.py',
    '../../../_base_/schedules/adam_300e.py',
]

model = dict(
    backbone=dict(type='StemNet'),
    neck=dict(in_channels=256),
    head=dict(decoder=_base_.codec),
)
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=512)  # 8 GPUs x 64
