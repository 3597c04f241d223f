# The same data for heatmap-based models.
_base_ = ['demo_96x64.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(64, 96),
    heatmap_size=(16, 24),
    sigma=1.5,
    unbiased=True,
    blur_kernel_size=7,
)

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.augmentation,
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ]
    )
)
