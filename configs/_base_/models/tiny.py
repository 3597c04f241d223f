# What the demo's teacher and student share: a narrow, dilated ResNet, so that
# a token has seen its surroundings, and a shallow encoder whose initial
# weights suit its width. Two cores train it in minutes.
backbone = dict(
    type='ResNet',
    depth=18,
    stem_channels=24,
    base_channels=12,
    num_stages=3,
    strides=(1, 1, 1),
    dilations=(1, 2, 4),
    out_indices=(2,),
)
neck = dict(
    in_channels=48,
    patch_size=(4, 4),
    embed_dims=96,
    num_layers=2,
    num_heads=4,
    keypoint_token_std=0.3,
    init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform'),
)
