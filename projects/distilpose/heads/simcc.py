"""Heads that classify x and y: SimCC, RTMPose, RTMW.

B: batch. K: keypoints. w, h: bins along x and y.
"""

import math
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

__all__ = ['simcc_heatmaps']

# Profiles that peak below this are taken for empty.
EMPTY = 1e-6


@heatmaps_of.register(heads.SimCCHead)
@heatmaps_of.register(heads.RTMCCHead)
@heatmaps_of.register(heads.RTMWHead)
def _(head: nn.Module, output: tuple[Tensor, Tensor]) -> SimCCHeatmaps:
    loss: Any = head.loss_module
    if not isinstance(loss, KLDiscretLoss):
        raise UserTypeError(
            f'The {type(head).__name__} is trained by {type(loss).__name__}, '
            'and so the meaning of its logits is not known. Expected '
            'KLDiscretLoss.'
        )
    label_beta = loss.label_beta if loss.label_softmax else None
    return simcc_heatmaps(head.decoder, *output, loss.beta, label_beta)


def simcc_heatmaps(
    codec: SimCCLabel,
    logits_x: Tensor,
    logits_y: Tensor,
    beta: float = 1.0,
    label_beta: float | None = None,
) -> SimCCHeatmaps:
    """Turn the logits of a SimCC head into Gaussian rows and columns.

    What its logits l, (B, K, w) and (B, K, h), mean depends on how the head
    was trained. With a softmax over logits and labels t, softmax(beta l) =
    softmax(label_beta t): the logits are the labels up to a factor and a
    constant, the value of most bins. Without a ``label_beta``, the softmax of
    the logits is the labels, normalized to a sum of 1.

    A keypoint's height is the smaller height of its two profiles, which is
    MMPose's score, and at most 1.

    Raises:
        TypeError: The codec's labels are no Gaussians.
    """
    frame = heatmap_frame(codec)
    scaled = [beta * x for x in at_least_float32(logits_x, logits_y)]
    x, y = (
        _profiles(logits, sigma, label_beta, codec.normalize)
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
    logits: Tensor, sigma: float, label_beta: float | None, normalized: bool
) -> Tensor:
    """Labels of height 1 from logits (B, K, n) that beta multiplies."""
    # The sum of a Gaussian that peaks at 1.
    total = sigma * math.sqrt(2 * math.pi)
    if label_beta is None:
        return logits.softmax(-1) * total
    labels = logits / label_beta
    # Most bins of a row are background, which is 0.
    labels = labels - _median(labels)
    return labels * total if normalized else labels


def _median(rows: Tensor) -> Tensor:
    """The median of rows (B, K, n), for which ONNX has no operator."""
    half = rows.shape[-1] - (rows.shape[-1] - 1) // 2
    greatest = rows.topk(half, dim=-1, sorted=False).values
    return greatest.amin(-1, keepdim=True)
