# DistilPose-S, distilled from RTMPose-l of MMPose's model zoo, which is
# downloaded. Of its models at 256x192, the one trained on COCO (75.8 AP): the
# student's data and keypoints. `rtmpose-l_8xb256-420e_aic-coco-256x192` has
# 76.5, with AI Challenger's people.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(
    teacher='rtmpose-l_8xb256-420e_coco-256x192',
    # This teacher has no tokens.
    distillation=dict(visual_tokens=None, keypoint_tokens=None),
)
