# TokenPose-L at 384 x 288, with the heatmaps that are usual at this size.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/models/hrnet_w48.py',
    '../../../_base_/datasets/coco_384x288.py',
    '../../../_base_/schedules/adam_300e.py',
]

heatmap_codec = dict(
    type='MSRAHeatmap',
    input_size=(288, 384),
    heatmap_size=(72, 96),
    sigma=3,
    unbiased=True,
    blur_kernel_size=17,
)
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
    head=dict(heatmap_size=(72, 96), decoder=heatmap_codec),
)
train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        pipeline=[
            *_base_.augmentation,
            dict(type='GenerateTarget', encoder=heatmap_codec),
            dict(type='PackPoseInputs'),
        ]
    ),
)
auto_scale_lr = dict(base_batch_size=512)  # 8 GPUs x 64
