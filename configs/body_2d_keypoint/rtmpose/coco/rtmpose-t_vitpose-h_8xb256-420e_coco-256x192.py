# RTMPose-t as MMPose trains it, distilled from ViTPose-H (78.9 AP),
# both of MMPose's zoo.
# The augmentation needs `pip install "albumentations<2" "numpy<2"`.
# ViTPose needs `pip install "distilpose[vitpose]"`, and 2.5 GB of memory.
_base_ = [
    'mmpose::body_2d_keypoint/rtmpose/coco/'
    'rtmpose-t_8xb256-420e_coco-256x192.py'
]
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)

model = dict(
    type='DistilPoseEstimator',
    teacher='td-hm_ViTPose-huge-simple_8xb64-210e_coco-256x192',
)
