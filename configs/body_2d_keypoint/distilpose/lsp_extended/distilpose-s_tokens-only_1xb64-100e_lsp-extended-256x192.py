# The tokens of the teacher are imitated, its heatmaps are not.
_base_ = ['distilpose-s_1xb64-100e_lsp-extended-256x192.py']

# Nothing trains sigmas and scores here.
model = dict(
    head=dict(sigmas=False, scores=False),
    distillation=dict(simulated_heatmaps=None, scores=None),
)
