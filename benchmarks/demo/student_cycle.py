# The demo's student without a teacher: its encoder's second pass teaches the
# first.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/demo/'
    'distilpose-tiny_no-distill_1xb32-15e_demo-96x64.py'
]

model = dict(type='CyclePoseEstimator')
