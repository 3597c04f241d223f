# A short schedule for the demo.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=6e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=50),
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        begin=0,
        end=15,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=32)  # 1 GPU x 32, or none
hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=5,
        max_keep_ckpts=2,
        save_best='coco/AP',
        rule='greater',
    ),
    logger=dict(interval=10),
)
