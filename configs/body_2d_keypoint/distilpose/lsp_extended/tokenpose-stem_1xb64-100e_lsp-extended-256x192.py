# The teacher on Leeds Sports Pose Extended. Like the demo's, it starts from
# the undistilled student's backbone and encoder, with a loss for little data.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/lsp_extended_256x192.py',
    '../../../_base_/schedules/adam_100e.py',
]

start = dict(
    type='Pretrained',
    checkpoint='work_dirs/distilpose-s_no-distill_1xb64-100e_lsp-extended-256x192/'
    'epoch_100.pth',
)
codec = _base_.heatmap_codec
model = dict(
    backbone=dict(type='StemNet', init_cfg=dict(**start, prefix='backbone.')),
    neck=dict(
        in_channels=256,
        num_keypoints=_base_.num_keypoints,
        init_cfg=dict(**start, prefix='neck.'),
    ),
    head=dict(
        out_channels=_base_.num_keypoints,
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=_base_.heatmap_codec,
    ),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))

train_cfg = dict(max_epochs=100, val_interval=10)
default_hooks = _base_.hooks
custom_hooks = _base_.own_hooks
