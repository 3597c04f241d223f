# TokenPose, but for its backbone and the number of keypoints, which the data
# say: the heatmap-based teacher.
model = dict(
    type='TopdownPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    neck=dict(
        type='TokenDistillingEncoder',
        patch_size=(4, 3),
        embed_dims=192,
        num_layers=12,
    ),
    head=dict(type='TokenPoseHead', in_channels=192, heatmap_size=(48, 64)),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
