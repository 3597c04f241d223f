# The teacher's heatmaps are imitated, its tokens are not.
_base_ = ['distilpose-s_1xb64-100e_lsp-extended-256x192.py']

# Nothing trains the scores here.
model = dict(
    head=dict(scores=False),
    distillation=dict(visual_tokens=None, keypoint_tokens=None, scores=None),
)
