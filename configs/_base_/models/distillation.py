# The paper's distillation terms. Its weights (Sec. 3.4) are the losses'
# defaults; `loss_weight` sets others.
distillation = dict(
    visual_tokens=dict(type='TokenDistillationLoss', tokens='visual'),
    keypoint_tokens=dict(type='TokenDistillationLoss', tokens='keypoint'),
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss'),
    scores=dict(type='KeypointScoreLoss'),
)
