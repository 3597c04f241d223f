# The student on MobileNetV2 as far as stride 16, from random weights.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        widen_factor=0.5,
        out_indices=(4,),
    ),
    neck=dict(in_channels=48),
)
