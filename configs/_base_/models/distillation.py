# The paper's distillation terms and their weights (Sec. 3.4).
distillation = dict(
    visual_tokens=dict(type='TokenDistillationLoss', loss_weight=5e-4),
    keypoint_tokens=dict(type='TokenDistillationLoss', loss_weight=5e-4),
    simulated_heatmaps=dict(type='SimulatedHeatmapLoss', loss_weight=1.0),
    scores=dict(type='KeypointScoreLoss', loss_weight=1e-2),
)
