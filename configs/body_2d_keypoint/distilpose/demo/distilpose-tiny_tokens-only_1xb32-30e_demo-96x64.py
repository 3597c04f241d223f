# The tokens of the teacher are imitated, its heatmaps are not.
_base_ = ['distilpose-tiny_1xb32-30e_demo-96x64.py']

# Nothing trains sigmas and scores here.
model = dict(
    head=dict(sigmas=False, scores=False),
    distillation=dict(simulated_heatmaps=None, scores=None),
)
