# The recipe of RTMPose: AdamW at 4e-3 for a batch of 1024, a rate that falls
# along a cosine in the second half of 420 epochs, and an average of weights.
max_epochs = 420
optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=4e-3, weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True
    ),
    clip_grad=dict(max_norm=35),
)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=1e-5, by_epoch=False, begin=0, end=1000
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=2e-4,
        begin=max_epochs // 2,
        T_max=max_epochs // 2,
        end=max_epochs,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=1024)  # 8 GPUs x 128
hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook', save_best='coco/AP', rule='greater'
    )
)
average_hook = dict(
    type='EMAHook',
    ema_type='ExpMomentumEMA',
    momentum=2e-4,
    update_buffers=True,
    priority=49,
)
