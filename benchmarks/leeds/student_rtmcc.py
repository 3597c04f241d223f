# What a user would pick instead: RTMPose's head on the student's backbone,
# without distillation.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_no-distill_1xb64-3e_lsp-extended-128x96.py',
    '../rtmcc.py',
]

codec = dict(
    type='SimCCLabel',
    input_size=(96, 128),
    sigma=(3.46, 4.0),
    simcc_split_ratio=2.0,
    normalize=False,
)
model = dict(
    neck=None,
    head=dict(
        **_base_.simcc_head,
        in_channels=112,
        out_channels=_base_.num_keypoints,
        input_size=codec['input_size'],
        in_featuremap_size=(6, 8),
        final_layer_kernel_size=5,
        gau_cfg=dict(**_base_.gau, hidden_dims=256, s=128),
        decoder=codec,
    ),
)
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.augmentation,
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ]
    )
)
