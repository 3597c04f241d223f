# The paper's recipe: Adam at 1e-3 for 300 epochs, no weight decay.
_base_ = ['mmpose::_base_/default_runtime.py']

custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
custom_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='DatasetCheckHook'),
    dict(type='FiniteLossHook'),
    dict(type='SeedEpochHook'),
    dict(type='DeployHook'),
]
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook', save_best='coco/AP', rule='greater'
    )
)

train_cfg = dict(max_epochs=300, val_interval=10)
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[200, 260], gamma=0.1, end=300),
]
auto_scale_lr = dict(base_batch_size=256)  # 8 GPUs x 32
