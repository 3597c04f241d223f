# DistilPose-L: three stages of HRNet-W48, distilled from TokenPose-L, whose
# backbone it starts from. 21,265,637 parameters.
_base_ = [
    'distilpose-s_8xb32-300e_coco-256x192.py',
    '../../../_base_/models/hrnet_w48.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='HRNet3Stage',
        extra=_base_.hrnet_w48,
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone.',
            checkpoint=_base_.model.teacher.checkpoint,
        ),
    ),
    neck=dict(in_channels=48),
)
