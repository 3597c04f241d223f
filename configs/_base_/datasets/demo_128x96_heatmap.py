# The same data for heatmap-based models.
_base_ = ['demo_128x96.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(96, 128),
    heatmap_size=(24, 32),
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
