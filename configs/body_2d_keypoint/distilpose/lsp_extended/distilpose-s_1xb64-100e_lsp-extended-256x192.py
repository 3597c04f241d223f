# DistilPose-S on Leeds Sports Pose Extended, distilled by the paper's terms.
_base_ = [
    'distilpose-s_no-distill_1xb64-100e_lsp-extended-256x192.py',
    '../../../_base_/models/distillation.py',
]

model = dict(
    type='DistilPoseEstimator',
    head=dict(sigmas=True, scores=True),
    teacher=dict(
        config='{{ fileDirname }}/'
        'tokenpose-stem_1xb64-100e_lsp-extended-256x192.py',
        checkpoint='work_dirs/tokenpose-stem_1xb64-100e_lsp-extended-256x192/'
        'epoch_100.pth',
    ),
    distillation=_base_.distillation,
)
