# DistilPose-S, distilled from ViTPose-H of MMPose's model zoo (78.9 AP), which
# is downloaded. It needs `pip install "distilpose[vitpose]"`, and takes 2.5 GB
# of memory; dict(config=..., dtype='bfloat16') halves that.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(
    teacher='td-hm_ViTPose-huge-simple_8xb64-210e_coco-256x192',
    # This teacher has no tokens.
    distillation=dict(visual_tokens=None, keypoint_tokens=None),
)
