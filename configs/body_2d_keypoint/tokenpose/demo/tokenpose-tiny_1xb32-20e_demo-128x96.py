# The demo's teacher, of the same size as its student but for the head.
_base_ = [
    '../../../_base_/models/tokenpose.py',
    '../../../_base_/datasets/demo_128x96_heatmap.py',
    '../../../_base_/schedules/adam_20e.py',
]

model = dict(
    backbone=dict(
        type='StemNet', stem_channels=32, out_channels=64, num_blocks=2
    ),
    neck=dict(in_channels=64, embed_dims=96, num_layers=4, num_heads=4),
    head=dict(
        in_channels=96,
        heatmap_size=(24, 32),
        # A plain MSE leaves so short a run on the plateau of empty heatmaps.
        loss=dict(type='ForegroundMSELoss'),
        decoder=_base_.codec,
    ),
)
