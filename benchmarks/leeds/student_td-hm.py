# The same backbone with a head of heatmaps, at about the cost of RTMPose's
# head; without distillation.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py',
]

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=112,
        out_channels=_base_.num_keypoints,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=_base_.heatmap_codec,
    ),
    test_cfg=dict(flip_mode='heatmap', shift_heatmap=True),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))
