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
# What a teacher without tokens teaches.
distillation = dict(
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
    scores=dict(type='KeypointScoreLoss'),
)
