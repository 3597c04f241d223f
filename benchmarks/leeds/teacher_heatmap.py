# A teacher like SimpleBaseline: all of EfficientNet-Lite0 and deconvolutions.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py'
]

codec = _base_.heatmap_codec
model = dict(
    backbone=dict(out_indices=(4,)),
    neck=None,
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=320,
        out_channels=_base_.num_keypoints,
        deconv_out_channels=(128, 128, 128),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode='heatmap', shift_heatmap=True),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))
