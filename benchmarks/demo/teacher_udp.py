# The same with UDP's codec, whose heatmaps lie elsewhere.
_base_ = ['teacher_heatmap.py']

codec = dict(
    type='UDPHeatmap', input_size=(64, 96), heatmap_size=(16, 24), sigma=1.5
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
