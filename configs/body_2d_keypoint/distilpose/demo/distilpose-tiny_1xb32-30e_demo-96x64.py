# The demo's student, distilled from the demo's teacher by the paper's terms.
_base_ = [
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64.py',
    '../../../_base_/schedules/adam_30e.py',
]

model = dict(
    type='DistilPoseEstimator',
    backbone=_base_.backbone,
    neck=_base_.neck,
    head=dict(in_channels=96, decoder=_base_.codec),
    test_cfg=dict(flip_test=False),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/demo/'
        'tokenpose-tiny_1xb32-30e_demo-96x64.py',
        checkpoint='work_dirs/tokenpose-tiny_1xb32-30e_demo-96x64/'
        'epoch_30.pth',
    ),
)
