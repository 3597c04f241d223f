# The same data for heatmap-based models.
_base_ = ['coco_256x192.py']

codec = dict(
    type='MSRAHeatmap',
    input_size=(192, 256),
    heatmap_size=(48, 64),
    sigma=2,
    unbiased=True,
    blur_kernel_size=11,
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
