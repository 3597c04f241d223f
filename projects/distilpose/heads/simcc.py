"""Heads that classify x and y: SimCC, RTMPose, RTMW.

B: batch. K: keypoints. w, h: bins along x and y.
"""

import math
from collections.abc import Callable
from typing import Any

from mmpose.codecs import SimCCLabel
from mmpose.models import heads
from mmpose.models.losses import KLDiscretLoss
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.forms import SimCCHeatmaps
from ..heatmaps.frame import heatmap_frame
from ..heatmaps.functional import at_least_float32
from .heatmaps import heatmaps_of

__all__ = ['meaning_of_logits', 'simcc_heatmaps']

# Profiles that peak below this are taken for empty.
EMPTY = 1e-6


@heatmaps_of.register(heads.SimCCHead)
@heatmaps_of.register(heads.RTMCCHead)
@heatmaps_of.register(heads.RTMWHead)
def _(head: nn.Module, output: tuple[Tensor, Tensor]) -> SimCCHeatmaps:
    return simcc_heatmaps(head.decoder, *output, *meaning_of_logits(head))


def meaning_of_logits(head: Any) -> tuple[float, float | None]:
    """``beta`` and ``label_beta``, by which a head's loss multiplies.

    Raises:
        TypeError: The head has a loss of another kind.
    """
    loss = head.loss_module
    if not isinstance(loss, KLDiscretLoss):
        raise UserTypeError(
            f'The {type(head).__name__} is trained by {type(loss).__name__}, '
            'and so the meaning of its logits is not known. Expected '
            'KLDiscretLoss.'
        )
    return loss.beta, loss.label_beta if loss.label_softmax else None


def _median(rows: Tensor) -> Tensor:
    return rows.median(-1, keepdim=True).values


def simcc_heatmaps(
    codec: SimCCLabel,
    logits_x: Tensor,
    logits_y: Tensor,
    beta: float = 1.0,
    label_beta: float | None = None,
    background: Callable[[Tensor], Tensor] = _median,
) -> SimCCHeatmaps:
    """Turn the logits of a SimCC head into Gaussian rows and columns.

    What its logits l, (B, K, w) and (B, K, h), mean depends on how the head
    was trained. With a softmax over logits and labels t, softmax(beta l) =
    softmax(label_beta t): the logits are the labels up to a factor and a
    constant. ``background`` finds the constant: it maps rows (B, K, n) to the
    value of most of their bins, (B, K, 1). Without a ``label_beta``, the
    softmax of the logits is the labels, normalized to a sum of 1.

    A keypoint's height is the smaller height of its two profiles, which is
    MMPose's score, and at most 1.

    Raises:
        TypeError: The codec's labels are no Gaussians.
    """
    frame = heatmap_frame(codec)
    scaled = [beta * x for x in at_least_float32(logits_x, logits_y)]
    x, y = (
        _profiles(logits, sigma, label_beta, codec.normalize, background)
        for logits, sigma in zip(scaled, codec.sigma.tolist())
    )
    height_x, height_y = x.amax(-1, keepdim=True), y.amax(-1, keepdim=True)
    height = height_x.minimum(height_y).clamp(max=1)
    return SimCCHeatmaps(
        frame,
        rows=x * (height / height_x.clamp(min=EMPTY)),
        columns=y / height_y.clamp(min=EMPTY),
        logits_x=scaled[0],
        logits_y=scaled[1],
    )


def _profiles(
    logits: Tensor,
    sigma: float,
    label_beta: float | None,
    normalized: bool,
    background: Callable[[Tensor], Tensor],
) -> Tensor:
    """Labels of height 1 from logits (B, K, n) that beta multiplies."""
    # The sum of a Gaussian that peaks at 1.
    total = sigma * math.sqrt(2 * math.pi)
    if label_beta is None:
        return logits.softmax(-1) * total
    labels = logits / label_beta
    # Most bins of a row are background, which is 0.
    labels = labels - background(labels)
    return labels * total if normalized else labels
