# The small student's teacher: all of EfficientNet-Lite0, and deconvolutions
# like SimpleBaseline's.
_base_ = [
    'mmpose::_base_/default_runtime.py',
    '../../../_base_/runtime.py',
    '../../../_base_/models/distilpose-s.py',
    '../../../_base_/models/lite0.py',
    '../../../_base_/datasets/lsp_extended_128x96.py',
    '../../../_base_/schedules/adamw_12e.py',
]

codec = _base_.heatmap_codec
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(_base_.backbone, out_indices=(4,)),
    neck=None,
    head=dict(
        _delete_=True,
        type='HeatmapHead',
        in_channels=320,
        out_channels=_base_.num_keypoints,
        deconv_out_channels=(128, 128, 128),
        deconv_kernel_sizes=(4, 4, 4),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode='heatmap', shift_heatmap=True),
)
train_dataloader = dict(dataset=dict(pipeline=_base_.heatmap_pipeline))

train_cfg = dict(max_epochs=_base_.max_epochs, val_interval=1)
default_hooks = _base_.hooks
custom_hooks = [*_base_.own_hooks, dict(type='ChannelsLastHook')]
