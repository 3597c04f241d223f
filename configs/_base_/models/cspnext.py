# Students on the backbone of RTMPose, whose stride-32 map gives 48 tokens of
# an input of 256x192.
backbone = dict(
    _delete_=True,
    type='CSPNeXt',
    arch='P5',
    expand_ratio=0.5,
    out_indices=(4,),
    channel_attention=True,
    norm_cfg=dict(type='SyncBN'),
    act_cfg=dict(type='SiLU'),
)
weights = (
    'https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/cspnext-'
    '{}_udp-aic-coco_210e-256x192-{}.pth'
)
# A narrow encoder learns far sooner from these initial weights than from the
# usual ones (docs/experiments.md, real people).
narrow_encoder = dict(
    patch_size=(1, 1),
    embed_dims=128,
    num_heads=4,
    keypoint_token_std=0.3,
    init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform'),
)
# What a teacher without tokens teaches.
distillation = dict(
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
    scores=dict(type='KeypointScoreLoss'),
)
