# Without the score: every keypoint has the score 1.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(head=dict(scores=False), distillation=dict(scores=None))
