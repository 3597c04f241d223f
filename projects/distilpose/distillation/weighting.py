"""How much each keypoint counts in the imitation of a teacher.

B: batch. K: keypoints.
"""

import torch
from torch import Tensor

from ..heatmaps.frame import per_axis
from ..losses.teacher_labels import expect_confidence
from ..teachers.output import TeacherOutput
from .step import DistillationStep

__all__ = ['KeypointWeighting', 'keypoint_distances', 'mean_distance']


class KeypointWeighting:
    """Weights of a batch's keypoints in the distillation terms.

    A keypoint that the teacher does not predict weighs 0 in any case.

    Args:
        unlabelled: Whether keypoints without a label are imitated, too, as
            DWPose (arXiv 2307.15880) does. The teacher may see them.
        min_confidence: A keypoint of which the teacher is less sure, from 0
            to 1, weighs 0.

    Raises:
        ValueError: ``min_confidence`` is not in [0, 1).
    """

    SETTINGS = ('unlabelled', 'min_confidence')

    def __init__(
        self, unlabelled: bool = False, min_confidence: float = 0.0
    ) -> None:
        expect_confidence(
            'model.keypoint_weighting.min_confidence', min_confidence
        )
        self.unlabelled = unlabelled
        self.min_confidence = min_confidence

    def __call__(self, weights: Tensor, teacher: TeacherOutput) -> Tensor:
        """Weigh keypoints (B, K), without gradient.

        ``weights`` are those of the labels (B, K), 0 where nothing is
        labelled.
        """
        if self.unlabelled:
            weights = weights.new_ones(weights.shape)
        if teacher.known is not None:
            weights = weights * teacher.known
        if self.min_confidence:
            peaks = teacher.maps.peaks()
            sure = peaks.isfinite() & (peaks >= self.min_confidence)
            weights = weights * sure
        return weights


@torch.no_grad()
def keypoint_distances(step: DistillationStep, inputs: Tensor) -> Tensor:
    """How far a student is from where its teacher's heatmaps peak.

    (B, K), pixels of the ``inputs`` (B, C, H, W); NaN where a keypoint
    weighs nothing.
    """
    coords = step.student.coords
    apart = coords - step.teacher.maps.coords().to(coords)
    height, width = inputs.shape[-2:]
    distances = per_axis(apart, (width, height)).norm(dim=-1)
    return torch.where(step.keypoint_weights > 0, distances, torch.nan)


def mean_distance(distances: Tensor) -> Tensor:
    """The mean of distances that are not NaN; 0 where all are."""
    return distances.nansum() / distances.isfinite().sum().clamp(min=1)
