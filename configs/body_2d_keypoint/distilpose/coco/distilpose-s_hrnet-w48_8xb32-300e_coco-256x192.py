# DistilPose-S, distilled from HRNet-W48 of MMPose's model zoo (75.6 AP), which
# is downloaded.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(
    teacher='td-hm_hrnet-w48_8xb32-210e_coco-256x192',
    # This teacher has no tokens.
    distillation=dict(visual_tokens=None, keypoint_tokens=None),
)
