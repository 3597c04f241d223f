# DistilPose-S made small enough to be trained on a laptop in minutes.
_base_ = ['distilpose-s.py']

model = dict(
    backbone=dict(stem_channels=32, out_channels=64, num_blocks=2),
    neck=dict(
        in_channels=64,
        patch_size=(4, 3),
        embed_dims=96,
        num_layers=4,
        num_heads=4,
    ),
    head=dict(in_channels=96),
)
