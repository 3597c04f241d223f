# Of the teacher, the keypoint tokens alone are imitated.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

# Nothing trains sigmas and scores here.
model = dict(
    head=dict(sigmas=False, scores=False),
    distillation=dict(
        visual_tokens=None, simulated_heatmaps=None, scores=None
    ),
)
