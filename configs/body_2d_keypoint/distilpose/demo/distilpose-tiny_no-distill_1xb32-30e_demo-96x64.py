# The demo's student without a teacher.
_base_ = [
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64.py',
    '../../../_base_/schedules/adam_30e.py',
]

model = dict(
    backbone=_base_.backbone,
    neck=_base_.neck,
    # Nothing trains sigmas and scores here.
    head=dict(
        in_channels=96, decoder=_base_.codec, sigmas=False, scores=False
    ),
    test_cfg=dict(flip_test=False),
)
