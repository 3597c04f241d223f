# Round simulated heatmaps: one sigma for both axes.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(head=dict(shared_sigma=True))
