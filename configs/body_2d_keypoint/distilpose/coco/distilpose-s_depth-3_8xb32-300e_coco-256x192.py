# 3 layers in the student's encoder instead of 12; the teacher keeps its own.
_base_ = ['distilpose-s_8xb32-300e_coco-256x192.py']

model = dict(neck=dict(num_layers=3))
