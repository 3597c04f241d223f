# The teacher on Leeds Sports Pose Extended. As the demo's, it starts from the
# undistilled student's backbone and encoder, with a loss for little data.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/lsp_extended_256x192.py',
    '../../../_base_/schedules/adam_100e.py',
]

heatmap_codec = dict(
    type='MSRAHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2,
    unbiased=True,
    blur_kernel_size=11,
)
start = dict(
    type='Pretrained',
    checkpoint='work_dirs/distilpose-s_no-distill_1xb64-100e_lsp-extended-256x192/'
    'epoch_100.pth',
)
model = dict(
    backbone=dict(type='StemNet', init_cfg=dict(**start, prefix='backbone.')),
    neck=dict(
        in_channels=256,
        num_keypoints=14,
        init_cfg=dict(**start, prefix='neck.'),
    ),
    head=dict(
        out_channels=14,
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=heatmap_codec,
    ),
)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.augmentation,
            dict(type='GenerateTarget', encoder=heatmap_codec),
            dict(type='PackPoseInputs'),
        ]
    )
)
