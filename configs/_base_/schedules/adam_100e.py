# For Leeds Sports Pose Extended on one GPU.
_base_ = ['adam_300e.py']

train_cfg = dict(max_epochs=100, val_interval=10)
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
default_hooks = dict(
    checkpoint=dict(interval=10, max_keep_ckpts=2, save_best='crowdpose/AP')
)
auto_scale_lr = dict(base_batch_size=64)  # 1 GPU x 64
