# A teacher of the demo like RTMPose: its backbone, and rows in the place of
# heatmaps. It is also a student that somebody else would choose.
_base_ = [
    '../../configs/body_2d_keypoint/tokenpose/demo/'
    'tokenpose-tiny_1xb32-15e_demo-96x64.py'
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
        _delete_=True,
        type='RTMCCHead',
        in_channels=64,
        out_channels=_base_.num_keypoints,
        input_size=codec['input_size'],
        in_featuremap_size=(4, 6),
        simcc_split_ratio=codec['simcc_split_ratio'],
        final_layer_kernel_size=3,
        gau_cfg=dict(
            hidden_dims=96,
            s=64,
            expansion_factor=2,
            dropout_rate=0.0,
            drop_path=0.0,
            act_fn='SiLU',
            use_rel_bias=False,
            pos_enc=False,
        ),
        loss=dict(
            type='KLDiscretLoss',
            use_target_weight=True,
            beta=10.0,
            label_softmax=True,
        ),
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
