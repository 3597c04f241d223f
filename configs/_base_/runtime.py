# What every training run adds to MMPose's default_runtime.py. That file stands
# beside this one among a config's bases, and two bases may not set the same
# key: so a config sets custom_hooks from own_hooks, and default_hooks from the
# hooks of its schedule.
custom_imports = dict(imports=['distilpose'], allow_failed_imports=False)
own_hooks = [
    dict(type='SyncBuffersHook'),
    dict(type='DatasetCheckHook'),
    dict(type='FiniteLossHook'),
    dict(type='SeedEpochHook'),
    dict(type='KeypointDistanceHook'),
    dict(type='DeployHook'),
]
