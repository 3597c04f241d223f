# A short version of adam_300e.py for the demo.
_base_ = ['adam_300e.py']

train_cfg = dict(max_epochs=20, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=50),
    dict(type='MultiStepLR', milestones=[14, 18], gamma=0.1, end=20),
]
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=2),
    logger=dict(interval=10),
)
auto_scale_lr = dict(base_batch_size=32)  # 1 GPU x 32, or none
