# A teacher of the demo like RTMPose: its backbone, and rows in the place of
# heatmaps. It is also a student that somebody else would choose.
_base_ = [
    '../../configs/body_2d_keypoint/tokenpose/demo/'
    'tokenpose-tiny_1xb32-15e_demo-96x64.py',
    '../rtmcc.py',
]

codec = dict(
    type='SimCCLabel',
    input_size=(64, 96),
    sigma=(2.83, 3.46),
    simcc_split_ratio=2.0,
    normalize=False,
)
model = dict(
    neck=None,
    head=dict(
        **_base_.simcc_head,
        in_channels=64,
        out_channels=_base_.num_keypoints,
        input_size=codec['input_size'],
        in_featuremap_size=(4, 6),
        final_layer_kernel_size=3,
        gau_cfg=dict(**_base_.gau, hidden_dims=96, s=64),
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
