# RTMPose's head, and labels of a part of the synthetic people alone.
_base_ = ['teacher_rtmcc.py']

custom_imports = dict(
    imports=['distilpose', 'leeds.some_labels'],
    allow_failed_imports=False,
)
model = dict(backbone=dict(init_cfg=None))
train_dataloader = dict(
    dataset=dict(type='SomeLabelsCocoDataset', labels=100, length=1000)
)
