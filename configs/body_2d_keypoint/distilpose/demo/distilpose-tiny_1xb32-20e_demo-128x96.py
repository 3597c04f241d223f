# The demo's student, distilled from the demo's teacher by the paper's terms.
_base_ = [
    '../../../_base_/models/distilpose-tiny.py',
    '../../../_base_/datasets/demo_128x96.py',
    '../../../_base_/schedules/adam_20e.py',
]

model = dict(
    type='DistilPoseEstimator',
    head=dict(decoder=_base_.codec),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/demo/'
        'tokenpose-tiny_1xb32-20e_demo-128x96.py',
        checkpoint='work_dirs/tokenpose-tiny_1xb32-20e_demo-128x96/'
        'epoch_20.pth',
    ),
)
