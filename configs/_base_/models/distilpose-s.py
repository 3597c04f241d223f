# The student of DistilPose-S: 5,364,101 parameters for 17 keypoints. How many
# there are, the data say: a config passes their num_keypoints on.
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='StemNet'),
    neck=dict(
        type='TokenDistillingEncoder',
        in_channels=256,
        patch_size=(4, 3),
        embed_dims=192,
        num_layers=12,
    ),
    head=dict(type='DistilPoseHead', in_channels=192),
    test_cfg=dict(flip_test=True, shift_coords=False),
)
