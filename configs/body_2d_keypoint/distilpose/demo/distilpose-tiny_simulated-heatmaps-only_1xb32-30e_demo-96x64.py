# The teacher's heatmaps are imitated, its tokens are not.
_base_ = ['distilpose-tiny_1xb32-30e_demo-96x64.py']

# Nothing trains the scores here.
model = dict(
    head=dict(scores=False),
    distillation=dict(visual_tokens=None, keypoint_tokens=None, scores=None),
)
