# The demo's teacher. It starts from the undistilled student's backbone and
# encoder: from nothing, so short a training on heatmaps stays on the plateau
# where every heatmap is the same.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/models/tiny.py',
    '../../../_base_/datasets/demo_96x64_heatmap.py',
    '../../../_base_/schedules/adam_30e.py',
]

start = dict(
    type='Pretrained',
    checkpoint='work_dirs/distilpose-tiny_no-distill_1xb32-30e_demo-96x64/'
    'epoch_30.pth',
)
model = dict(
    backbone=dict(
        **_base_.backbone, init_cfg=dict(**start, prefix='backbone.')
    ),
    neck=dict(_base_.neck, init_cfg=dict(**start, prefix='neck.')),
    head=dict(
        in_channels=96,
        heatmap_size=(16, 24),
        loss=dict(type='PeakedHeatmapLoss'),
        decoder=_base_.codec,
    ),
    test_cfg=dict(flip_test=False),
)
