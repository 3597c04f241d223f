# Without the score: every keypoint has the score 1.
_base_ = ['distilpose-s_1xb64-100e_lsp-extended-256x192.py']

model = dict(head=dict(scores=False), distillation=dict(scores=None))
