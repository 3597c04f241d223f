# The same with UDP's codec, whose heatmaps lie elsewhere.
_base_ = ['teacher_heatmap.py']

# MMPose draws UDP's Gaussian beside its place where 3 sigma is not whole.
codec = dict(
    type='UDPHeatmap', input_size=(64, 96), heatmap_size=(16, 24), sigma=2
)
model = dict(head=dict(decoder=dict(_delete_=True, **codec)))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            *_base_.augmentation,
            dict(type='GenerateTarget', encoder=codec),
            dict(type='PackPoseInputs'),
        ]
    )
)
