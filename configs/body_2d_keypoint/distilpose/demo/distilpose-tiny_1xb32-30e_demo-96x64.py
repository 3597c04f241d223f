# The demo's student, distilled from the demo's teacher by the paper's terms.
_base_ = [
    'distilpose-tiny_no-distill_1xb32-30e_demo-96x64.py',
    '../../../_base_/models/distillation.py',
]

model = dict(
    type='DistilPoseEstimator',
    head=dict(sigmas=True, scores=True),
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/demo/'
        'tokenpose-tiny_1xb32-30e_demo-96x64.py',
        checkpoint='work_dirs/tokenpose-tiny_1xb32-30e_demo-96x64/'
        'epoch_30.pth',
    ),
    distillation=_base_.distillation,
)
