# DWPose's second stage (arXiv 2307.15880): a new head on the frozen backbone
# of the first stage's student, which is the only one to teach it.
_base_ = ['rtmpose-s_rtmw-x_8xb64-270e_coco-wholebody-256x192.py']

# Where the first stage leaves it.
first_stage = (
    'work_dirs/rtmpose-s_rtmw-x_8xb64-270e_coco-wholebody-256x192/'
    'epoch_270.pth'
)
model = dict(
    backbone=dict(frozen_stages=4, init_cfg=dict(checkpoint=first_stage)),
    # No label counts.
    head=dict(
        loss=dict(
            mask=[*range(_base_.model.head.out_channels)], mask_weight=0.0
        )
    ),
    teacher=dict(
        _delete_=True,
        config='{{ fileDirname }}/'
        'rtmpose-s_rtmw-x_8xb64-270e_coco-wholebody-256x192.py',
        checkpoint=first_stage,
    ),
    # DWPose's weight is 1, of the sum over about 448 bins and the mean over
    # the 64 people of a GPU: 448 / 64 = 7 of the mean over bins and the sum.
    distillation=dict(rows=dict(type='RowDistillationLoss', loss_weight=7.0)),
    keypoint_weighting=dict(unlabelled=True),
)

train_cfg = dict(max_epochs=60)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-5, by_epoch=False, begin=0, end=1000
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=2e-4,
        begin=30,
        end=60,
        T_max=30,
        convert_to_iter_based=True,
    ),
]
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
