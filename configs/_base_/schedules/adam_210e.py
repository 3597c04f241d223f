# As long as MMPose's configs on these datasets: Adam at 1e-3 for 210 epochs.
optim_wrapper = dict(optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[170, 200], gamma=0.1, end=210),
]
auto_scale_lr = dict(base_batch_size=256)  # 8 GPUs x 32
