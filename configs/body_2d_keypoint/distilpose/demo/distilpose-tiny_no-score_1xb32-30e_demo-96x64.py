# Without the score: every keypoint has the score 1.
_base_ = ['distilpose-tiny_1xb32-30e_demo-96x64.py']

model = dict(head=dict(scores=False), distillation=dict(scores=None))
