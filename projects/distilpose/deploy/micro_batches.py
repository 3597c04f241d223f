"""Feature extraction of a few images at a time."""

from typing import Any

import torch
from mmpose.models import TopdownPoseEstimator
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

__all__ = ['MicroBatches']

# Input pixels whose feature maps a CPU's caches hold: 2 images of 256 x 192.
# Measured on 2 cores with 32 MiB of cache: a batch of 16 of DistilPose-S takes
# 1.2 times as long in one piece. Small images share a piece: the demo's
# teacher, at 96 x 64, takes 2.5 times as long two images at a time.
MICRO_BATCH_PIXELS = 2 * 256 * 192


class MicroBatches:
    """The ``extract_feat`` of an estimator, on a CPU in micro-batches.

    The estimator must be in eval mode, so that images do not depend on each
    other. Its class's own ``extract_feat`` is used: an instance of this may
    replace the estimator's.
    """

    def __init__(self, model: TopdownPoseEstimator) -> None:
        self.model = model

    def __call__(self, inputs: Tensor) -> Any:
        """Extract the features of normalized images (B, 3, H, W)."""
        extract_feat = type(self.model).extract_feat
        # Tracing would record the division of this batch for all others.
        if inputs.device.type != 'cpu' or torch.jit.is_tracing():
            return extract_feat(self.model, inputs)
        size = max(2, MICRO_BATCH_PIXELS // inputs.shape[2:].numel())
        if len(inputs) <= size:
            return extract_feat(self.model, inputs)
        parts = [
            tree_flatten(extract_feat(self.model, part))
            for part in inputs.split(size)
        ]
        same = zip(*(values for values, _ in parts))
        return tree_unflatten([*map(torch.cat, same)], parts[0][1])
