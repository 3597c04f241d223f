# For Leeds Sports Pose Extended on one GPU.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(
        type='CosineAnnealingLR',
        eta_min=0,
        begin=0,
        end=100,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=64)  # 1 GPU x 64
hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook',
        interval=10,
        max_keep_ckpts=2,
        save_best='crowdpose/AP',
        rule='greater',
    )
)
