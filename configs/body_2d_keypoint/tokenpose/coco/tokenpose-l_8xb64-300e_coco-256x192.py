# TokenPose-L, the teacher of the paper, on HRNet-W48: 69,411,360 parameters.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/models/hrnet_w48.py',
    '../../../_base_/datasets/coco_256x192_heatmap.py',
    '../../../_base_/schedules/adam_300e.py',
]

model = dict(
    backbone=dict(
        type='HRNet',
        extra=_base_.hrnet_w48,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmpose/'
            'pretrain_models/hrnet_w48-8ef0771d.pth',
        ),
    ),
    neck=dict(in_channels=48),
    head=dict(decoder=_base_.codec),
)
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=512)  # 8 GPUs x 64
