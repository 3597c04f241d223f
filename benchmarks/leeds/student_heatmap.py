# The student, distilled from a teacher that knows Leeds' labels alone.
_base_ = [
    '../../configs/body_2d_keypoint/distilpose/lsp_extended/'
    'distilpose-lite0_movenet_1xb64-3e_lsp-extended-128x96.py'
]

model = dict(
    teacher=dict(
        _delete_=True,
        config='td-hm_lite0_1xb64-12e_lsp-extended-128x96',
        checkpoint='work_dirs/leeds-small/td-hm/seed-0/epoch_12.pth',
    ),
    distillation=dict(simulated_heatmaps=dict(loss_weight=10)),
)
