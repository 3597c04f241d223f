# The same data at 384 x 288.
_base_ = ['coco_256x192.py']

codec = dict(input_size=(288, 384))

resize = dict(type='TopdownAffine', input_size=codec['input_size'])
augmentation = [*_base_.augmentation[:-1], resize]
val_pipeline = [*_base_.val_pipeline[:-2], resize, _base_.val_pipeline[-1]]

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *augmentation,
            dict(type='GenerateTarget', encoder={**_base_.codec, **codec}),
            dict(type='PackPoseInputs'),
        ]
    )
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
