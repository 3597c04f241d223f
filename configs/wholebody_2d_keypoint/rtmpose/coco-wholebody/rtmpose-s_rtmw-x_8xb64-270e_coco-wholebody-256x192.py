# RTMPose-s of the whole body, distilled from RTMW-x of MMPose's zoo. MMPose
# has the sizes m and l of it; this is m with the backbone of s.
# The augmentation needs `pip install "albumentations<2" "numpy<2"`.
_base_ = [
    'mmpose::wholebody_2d_keypoint/rtmpose/coco-wholebody/'
    'rtmpose-m_8xb64-270e_coco-wholebody-256x192.py'
]
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)

model = dict(
    type='DistilPoseEstimator',
    backbone=dict(
        deepen_factor=0.33,
        widen_factor=0.5,
        init_cfg=dict(
            checkpoint='https://download.openmmlab.com/mmpose/v1/projects/'
            'rtmposev1/cspnext-s_udp-aic-coco_210e-256x192-92f5a029_20230130'
            '.pth'
        ),
    ),
    head=dict(in_channels=512),
    teacher='rtmw-x_8xb704-270e_cocktail14-256x192',
)
