# The demo's student without a teacher.
_base_ = [
    '../../../_base_/models/distilpose-tiny.py',
    '../../../_base_/datasets/demo_128x96.py',
    '../../../_base_/schedules/adam_20e.py',
]

# Nothing trains sigmas and scores here.
model = dict(head=dict(decoder=_base_.codec, sigmas=False, scores=False))
