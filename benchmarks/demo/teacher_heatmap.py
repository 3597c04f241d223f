# A teacher of the demo like SimpleBaseline: its backbone, deconvolutions, no
# encoder, and so no tokens.
_base_ = [
    '../../configs/body_2d_keypoint/tokenpose/demo/'
    'tokenpose-tiny_1xb32-15e_demo-96x64.py'
]

model = dict(
    neck=None,
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=64,
        out_channels=_base_.num_keypoints,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=_base_.heatmap_codec,
    ),
)
