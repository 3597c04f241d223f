# The student on a dilated ResNet-18 like that of the demo in version 0.1.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=18,
        stem_channels=32,
        base_channels=32,
        num_stages=3,
        strides=(1, 2, 1),
        dilations=(1, 1, 2),
        out_indices=(2,),
    ),
    neck=dict(in_channels=128),
)
