# The same data at 384 x 288, with the heatmaps that are usual at this size.
_base_ = ['coco_256x192.py']

codec = dict(input_size=(288, 384))
heatmap_codec = dict(
    **codec, heatmap_size=(72, 96), sigma=3, blur_kernel_size=17
)

resize = dict(type='TopdownAffine', **codec)
augmentation = [*_base_.augmentation[:-1], resize]
train_pipeline = [
    *augmentation,
    dict(type='GenerateTarget', encoder={**_base_.codec, **codec}),
    dict(type='PackPoseInputs'),
]
heatmap_pipeline = [
    *augmentation,
    dict(
        type='GenerateTarget',
        encoder={**_base_.heatmap_codec, **heatmap_codec},
    ),
    dict(type='PackPoseInputs'),
]
val_pipeline = [*_base_.val_pipeline[:-2], resize, _base_.val_pipeline[-1]]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
