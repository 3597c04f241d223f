# What the demo's teacher and student share: a narrow ResNet whose last map has
# a cell for each visual token (6 x 4), and a shallow encoder whose initial
# weights suit its width. One core trains it in a minute or two.
backbone = dict(
    type='ResNet',
    depth=18,
    stem_channels=16,
    base_channels=16,
    num_stages=3,
    strides=(1, 2, 2),
    dilations=(1, 1, 1),
    out_indices=(2,),
)
neck = dict(
    in_channels=64,
    patch_size=(1, 1),
    embed_dims=96,
    num_layers=2,
    num_heads=4,
    keypoint_token_std=0.3,
    init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform'),
)
