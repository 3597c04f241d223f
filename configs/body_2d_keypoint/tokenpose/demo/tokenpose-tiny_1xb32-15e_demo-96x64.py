# The demo's teacher. It starts from the backbone and the encoder of the
# undistilled student: trained on heatmaps from random weights for so short a
# time, it would stay on the plateau where every heatmap is the same.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64.py',
    '../../../_base_/schedules/adam_15e.py',
]

start = dict(
    type='Pretrained',
    checkpoint='work_dirs/distilpose-tiny_no-distill_1xb32-15e_demo-96x64/'
    'epoch_15.pth',
)
codec = _base_.heatmap_codec
model = dict(
    backbone=dict(
        **_base_.backbone, init_cfg=dict(**start, prefix='backbone.')
    ),
    neck=dict(
        _base_.neck,
        num_keypoints=_base_.num_keypoints,
        init_cfg=dict(**start, prefix='neck.'),
    ),
    head=dict(
        in_channels=96,
        out_channels=_base_.num_keypoints,
        heatmap_size=(16, 24),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=_base_.heatmap_codec,
    ),
    test_cfg=dict(flip_test=False),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))

train_cfg = dict(max_epochs=15, val_interval=5)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
