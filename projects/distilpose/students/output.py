"""What a student predicts for a batch, whatever its head gives.

A head of another kind is added by ``student_output.register``, from any file.

B: batch. K: keypoints.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from mmpose.models import heads
from mmpose.utils.typing import SampleList
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heads.heatmaps import heatmaps_of
from ..heads.own_loss import HeadOutput, label_loss
from ..heatmaps.forms import Heatmaps
from ..heatmaps.frame import PAPER_SIGMA, STRIDE, per_axis
from ..models.distilpose_head import DistilPoseHead, KeypointPrediction
from ..models.token_distilling_encoder import Tokens

__all__ = ['StudentOutput', 'keep_output', 'mask_labels', 'student_output']


class StudentOutput(NamedTuple):
    """What a student predicts; None for what its head or neck does not give.

    Attributes:
        coords: Coordinates (B, K, 2), (x, y), fractions of the input.
        sigmas: Sigmas (B, K, 2), (x, y), pixels of a heatmap at stride 4.
        scores: Confidence scores (B, K, 1), about 0 to 1, that a term trains.
        tokens: The tokens of its encoder.
        confidences: Scores (B, K, 1) that its codec makes of its other
            outputs, where no term trains scores.
        fixed_sigmas: Whether the sigmas are a constant, for simulated
            heatmaps alone, as the head predicts none.
        maps: Its heatmaps, of a head that gives heatmaps or rows. The
            coordinates are then where they peak, without gradient.
        given: What its head gave, for terms that need the head's own loss.
    """

    coords: Tensor
    sigmas: Tensor | None = None
    scores: Tensor | None = None
    tokens: Tokens | None = None
    confidences: Tensor | None = None
    fixed_sigmas: bool = False
    maps: Heatmaps | None = None
    given: HeadOutput | None = None


@singledispatch
def student_output(head: nn.Module, output: Any) -> StudentOutput:
    """Turn what a head gives into a student's output, without tokens.

    Losses and exported graphs use it: it takes PyTorch's operators alone.

    Raises:
        TypeError: There is no adapter for this kind of head.
    """
    raise UserTypeError(
        f'{type(head).__name__} cannot be the head of a student, distilled or '
        'exported: it is not known how to turn what it gives into '
        "coordinates. Use DistilPoseHead, or one of MMPose's heads of "
        'top-down models that give coordinates, SimCC rows or heatmaps '
        '(docs/students.md lists them), or add an adapter by '
        'distilpose.students.output.student_output.register.'
    )


@student_output.register
def _(head: DistilPoseHead, output: KeypointPrediction) -> StudentOutput:
    return StudentOutput(*output)


@student_output.register
def _(head: heads.RegressionHead, output: Tensor) -> StudentOutput:
    return _without_sigmas(output)


@student_output.register
def _(head: heads.RLEHead, output: Tensor) -> StudentOutput:
    # Scales of a Laplace distribution, which has √2 times that as its standard
    # deviation; fractions of the input, through a sigmoid.
    coords, scales = output.split(2, dim=-1)
    scales = scales.sigmoid()
    width, height = head.decoder.input_size
    factor = math.sqrt(2) / STRIDE
    return StudentOutput(
        coords,
        sigmas=per_axis(scales, (factor * width, factor * height)),
        confidences=1 - scales.mean(-1, keepdim=True),
    )


@student_output.register
def _(head: heads.IntegralRegressionHead, output: Any) -> StudentOutput:
    coords, _ = output  # and heatmaps, which have no sigma of their own
    return _without_sigmas(coords)


@student_output.register(heads.HeatmapHead)
@student_output.register(heads.CPMHead)
@student_output.register(heads.MSPNHead)
@student_output.register(heads.SimCCHead)
@student_output.register(heads.RTMCCHead)
@student_output.register(heads.RTMWHead)
def _(head: Any, output: Any) -> StudentOutput:
    maps = heatmaps_of(head, output)
    return StudentOutput(maps.coords().detach(), maps=maps)


@label_loss.register
def _(
    head: DistilPoseHead,
    output: KeypointPrediction,
    labels: tuple[Tensor, ...],
    weights: Tensor,
) -> Tensor:
    return head.loss_module(output.coords, *labels, weights[..., None])


def _without_sigmas(coords: Tensor) -> StudentOutput:
    """Add the sigmas of the paper's teacher, for a head without sigmas."""
    sigmas = torch.full_like(coords, PAPER_SIGMA, requires_grad=False)
    return StudentOutput(coords, sigmas, fixed_sigmas=True)


def mask_labels(samples: SampleList) -> None:
    """Set the labels of keypoints whose weight is 0 to 0, in place.

    Some tools write NaN where nothing is labelled. MMPose's heads multiply it
    by the weight, and NaN times 0 is NaN. DistilPoseHead masks by itself.
    """
    for sample in samples:
        labels = sample.gt_instance_labels
        if 'keypoint_labels' in labels:
            labels.keypoint_labels = torch.where(
                labels.keypoint_weights[..., None] > 0,
                labels.keypoint_labels,
                0.0,
            )


@contextmanager
def keep_output(head: nn.Module) -> Iterator[list[Any]]:
    """Keep what a head gives while it computes its own loss.

    MMPose's heads run ``self.forward`` within ``loss`` and give the loss
    alone. To run them again would cost time, and update the statistics of
    their normalization layers twice.
    """
    outputs: list[Any] = []
    forward, replaced = head.forward, vars(head).get('forward')

    def keep(*args: Any, **kwargs: Any) -> Any:
        outputs.append(forward(*args, **kwargs))
        return outputs[-1]

    head.forward = keep
    try:
        yield outputs
    finally:
        del head.forward
        if replaced is not None:  # by gradient checkpointing, say
            head.forward = replaced
