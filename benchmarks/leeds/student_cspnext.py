# The student on CSPNeXt-tiny as far as stride 16, from random weights.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='CSPNeXt',
        arch='P5',
        expand_ratio=0.5,
        deepen_factor=0.167,
        widen_factor=0.375,
        out_indices=(3,),
        channel_attention=True,
        norm_cfg=dict(type='BN'),
        act_cfg=dict(type='SiLU'),
    ),
    neck=dict(in_channels=192),
)
