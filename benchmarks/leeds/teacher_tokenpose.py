# A teacher with tokens: the student's backbone and encoder, and heatmaps.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py'
]

codec = _base_.heatmap_codec
model = dict(
    head=dict(
        _delete_=True,
        type='TokenPoseHead',
        in_channels=128,
        out_channels=_base_.num_keypoints,
        heatmap_size=codec['heatmap_size'],
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode='heatmap', shift_heatmap=True),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))
