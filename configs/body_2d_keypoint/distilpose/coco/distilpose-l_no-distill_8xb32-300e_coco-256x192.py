# The student of DistilPose-L without a teacher, from ImageNet's weights.
_base_ = [
    'distilpose-s_no-distill_8xb32-300e_coco-256x192.py',
    '../../../_base_/models/hrnet_w48.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='HRNet3Stage',
        extra=_base_.hrnet_w48,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmpose/'
            'pretrain_models/hrnet_w48-8ef0771d.pth',
        ),
    ),
    neck=dict(in_channels=48),
)
