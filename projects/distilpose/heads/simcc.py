"""Heads that classify x and y: SimCC, RTMPose, RTMW.

B: batch. K: keypoints. w, h: bins along x and y.
"""

import math

from mmpose.codecs import SimCCLabel
from mmpose.models.heads import RTMCCHead, RTMWHead, SimCCHead
from mmpose.models.losses import KLDiscretLoss
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.forms import SeparableHeatmaps
from ..heatmaps.frame import heatmap_frame
from ..heatmaps.functional import at_least_float32
from .heatmaps import heatmaps_of

__all__ = ['simcc_heatmaps']

# Profiles that peak below this are taken for empty.
EMPTY = 1e-6


@heatmaps_of.register(SimCCHead)
@heatmaps_of.register(RTMCCHead)
@heatmaps_of.register(RTMWHead)
def _(head: nn.Module, output: tuple[Tensor, Tensor]) -> SeparableHeatmaps:
    loss = head.loss_module
    if not isinstance(loss, KLDiscretLoss):
        raise UserTypeError(
            f'The {type(head).__name__} of the teacher was trained by '
            f'{type(loss).__name__}, of which it is not known what its '
            'logits mean. Expected KLDiscretLoss.'
        )
    return simcc_heatmaps(
        head.decoder,
        *output,
        beta=loss.beta,
        label_beta=loss.label_beta if loss.label_softmax else None,
    )


def simcc_heatmaps(
    codec: SimCCLabel,
    logits_x: Tensor,
    logits_y: Tensor,
    beta: float = 1.0,
    label_beta: float | None = None,
) -> SeparableHeatmaps:
    """Turn the logits of a SimCC head into Gaussians, rows alone.

    How a head was trained says what its logits l mean. With a softmax over
    both logits and labels t, softmax(beta l) = softmax(label_beta t): the
    logits are the labels up to a factor and a constant, which the
    background tells. With a softmax over the logits alone, it is the labels,
    normalized to a sum of 1.

    A keypoint's height is the smaller of those of its two profiles, which is
    what MMPose takes as its score, and at most 1.

    Args:
        codec: Codec that the head was trained with.
        logits_x: Logits (B, K, w).
        logits_y: Logits (B, K, h).
        beta: What the loss multiplies the logits by.
        label_beta: What the loss multiplies the labels by before a softmax,
            or None if it takes none.

    Raises:
        TypeError: The codec's labels are no Gaussians.
    """
    frame = heatmap_frame(codec)
    x, y = (
        _profiles(logits * beta, sigma, label_beta, codec.normalize)
        for logits, sigma in zip(
            at_least_float32(logits_x, logits_y), codec.sigma.tolist()
        )
    )
    height_x, height_y = x.amax(-1, keepdim=True), y.amax(-1, keepdim=True)
    height = height_x.minimum(height_y).clamp(max=1)
    return SeparableHeatmaps(
        frame,
        rows=x * (height / height_x.clamp(min=EMPTY)),
        columns=y / height_y.clamp(min=EMPTY),
    )


def _profiles(
    logits: Tensor,
    sigma: float,
    label_beta: float | None,
    normalized: bool,
) -> Tensor:
    """Labels of height 1 from logits (B, K, n) that beta multiplies."""
    # What a Gaussian sums to that peaks at 1.
    total = sigma * math.sqrt(2 * math.pi)
    if label_beta is None:
        return logits.softmax(-1) * total
    labels = logits / label_beta
    # Most bins of a row are background, which is 0.
    labels = labels - labels.median(-1, keepdim=True).values
    return labels * total if normalized else labels
