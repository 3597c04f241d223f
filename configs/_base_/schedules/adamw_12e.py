# Four times as long.
_base_ = ['adamw_3e.py']

max_epochs = 12
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], end=max_epochs),
]
