# RTMPose's head, and labels of a part of the people alone.
_base_ = ['student_rtmcc.py']

custom_imports = dict(
    imports=['distilpose', 'leeds.some_labels'],
    allow_failed_imports=False,
)
train_dataloader = dict(
    drop_last=True, dataset=dict(type='SomeLabelsDataset', labels=300)
)
