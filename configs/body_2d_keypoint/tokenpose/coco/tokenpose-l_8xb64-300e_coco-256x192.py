# TokenPose-L, the teacher of the paper, on HRNet-W48: 69,411,360 parameters.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/coco_256x192_heatmap.py',
    '../../../_base_/schedules/adam_300e.py',
]

widths = (48, 96, 192, 384)
model = dict(
    backbone=dict(
        type='HRNet',
        extra=dict(
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block='BOTTLENECK',
                num_blocks=(4,),
                num_channels=(64,),
            ),
            stage2=dict(
                num_modules=1,
                num_branches=2,
                block='BASIC',
                num_blocks=(4,) * 2,
                num_channels=widths[:2],
            ),
            stage3=dict(
                num_modules=4,
                num_branches=3,
                block='BASIC',
                num_blocks=(4,) * 3,
                num_channels=widths[:3],
            ),
            stage4=dict(
                num_modules=3,
                num_branches=4,
                block='BASIC',
                num_blocks=(4,) * 4,
                num_channels=widths,
            ),
        ),
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmpose/'
            'pretrain_models/hrnet_w48-8ef0771d.pth',
        ),
    ),
    neck=dict(in_channels=widths[0]),
    head=dict(decoder=_base_.codec),
)
train_dataloader = dict(batch_size=64)
auto_scale_lr = dict(base_batch_size=512)  # 8 GPUs x 64
