# RTMPose-s as MMPose trains it, distilled from RTMPose-l (75.8 AP),
# both of MMPose's zoo.
# The augmentation needs `pip install "albumentations<2" "numpy<2"`.
_base_ = [
    'mmpose::body_2d_keypoint/rtmpose/coco/'
    'rtmpose-s_8xb256-420e_coco-256x192.py'
]
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)

model = dict(
    type='DistilPoseEstimator',
    teacher='rtmpose-l_8xb256-420e_coco-256x192',
)
