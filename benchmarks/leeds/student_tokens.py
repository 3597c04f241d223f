# The student, distilled by the paper's four terms: tokens as well.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_movenet_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    teacher=dict(
        _delete_=True,
        config='{{ fileDirname }}/teacher_tokenpose.py',
        checkpoint='work_dirs/leeds/teachers/tokenpose/seed-0/epoch_3.pth',
    ),
    distillation=dict(
        visual_tokens=dict(type='TokenDistillationLoss', tokens='visual'),
        keypoint_tokens=dict(type='TokenDistillationLoss', tokens='keypoint'),
    ),
)
