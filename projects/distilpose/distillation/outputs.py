"""What student and teacher say about a batch, whatever their heads give.

Teachers' heads have their adapters in ``adapters``, students' here. A head
of another kind is added by ``student_output.register`` or
``teacher_heatmaps.register``, from any file.

B: batch. K: keypoints. h, w: height and width of a heatmap.
"""

import math
from contextlib import contextmanager
from functools import reduce, singledispatch
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import torch
from mmpose.models.heads import (
    IntegralRegressionHead,
    RegressionHead,
    RLEHead,
)
from mmpose.utils.typing import SampleList
from torch import Tensor, nn

from ..models.distilpose_head import DistilPoseHead, KeypointPrediction
from ..models.heatmap_frame import STRIDE, HeatmapFrame, per_axis
from ..models.token_distilling_encoder import Tokens
from .heatmaps import TeacherHeatmaps

__all__ = [
    'DistillationStep',
    'StudentOutput',
    'TeacherOutput',
    'expect_adapter',
    'keep_output',
    'mask_labels',
    'student_output',
    'teacher_heatmaps',
    'tokens_of',
]


# Pixels of a heatmap at stride 4.
FIXED_SIGMA = 2.0


class StudentOutput(NamedTuple):
    """What a student predicts; None for what its head or neck does not give.

    Attributes:
        coords: Coordinates (B, K, 2), (x, y), fractions of the input.
        sigmas: Sigmas (B, K, 2), (x, y), pixels of a heatmap at stride 4; a
            constant for heads that predict none.
        scores: Confidence scores (B, K, 1), about 0 to 1.
        tokens: The tokens of its encoder.
    """

    coords: Tensor
    sigmas: Optional[Tensor] = None
    scores: Optional[Tensor] = None
    tokens: Optional[Tokens] = None


class TeacherOutput(NamedTuple):
    """What a teacher predicts; constants, without gradient.

    Attributes:
        maps: Its heatmaps, in the form that its head gives them.
        tokens: The tokens of its encoder, or None if it has none.
        known: Which of the K keypoints it predicts, (K,), 1 or 0, or None for
            all of them.
    """

    maps: TeacherHeatmaps
    tokens: Optional[Tokens] = None
    known: Optional[Tensor] = None

    @property
    def heatmaps(self) -> Tensor:
        """All cells of its heatmaps, (B, K, h, w), of height 1."""
        return self.maps.formed()

    @property
    def frame(self) -> HeatmapFrame:
        """Where coordinates lie on its heatmaps."""
        return self.maps.frame


class DistillationStep(NamedTuple):
    """All that a distillation term can ask for.

    Attributes:
        student: What the student predicts.
        teacher: What the teacher predicts.
        keypoint_weights: Weights (B, K) of the imitation, 0 for keypoints to
            ignore.
    """

    student: StudentOutput
    teacher: TeacherOutput
    keypoint_weights: Tensor

    def arguments(self, term: Any) -> List[Any]:
        """What a term needs, in the order of its arguments."""
        return [self.take(need) for need in term.needs]

    def take(self, path: str) -> Any:
        """Give what a dotted path names; None if there is no such thing.

        Raises:
            ValueError: The path names nothing that could be there.
        """
        try:
            return reduce(_part, path.split('.'), self)
        except AttributeError as error:
            raise ValueError(
                f'"{path}" is no part of a distillation step. Expected a '
                f'path such as "student.coords", from {self._fields}, '
                f'{StudentOutput._fields} and {PARTS[TeacherOutput]}.'
            ) from error


# What a path may name besides the fields of a tuple.
PARTS: Dict[type, Tuple[str, ...]] = {
    TeacherOutput: (*TeacherOutput._fields, 'heatmaps', 'frame')
}


def _part(whole: Any, name: str) -> Any:
    if whole is None:
        return None
    if name not in PARTS.get(type(whole), getattr(whole, '_fields', ())):
        raise AttributeError(name)
    return getattr(whole, name)


@singledispatch
def student_output(head: nn.Module, output: Any) -> StudentOutput:
    """Turn what a head gives into a student's output, without tokens.

    Raises:
        TypeError: There is no adapter for this kind of head.
    """
    raise TypeError(
        f'{type(head).__name__} cannot be the head of a student: it is not '
        'known how to turn what it gives into coordinates. Use '
        "DistilPoseHead, MMPose's RegressionHead, RLEHead, DSNTHead or "
        'IntegralRegressionHead, or add an adapter by '
        'distillation.outputs.student_output.register.'
    )


@student_output.register
def _(head: DistilPoseHead, output: KeypointPrediction) -> StudentOutput:
    return StudentOutput(*output)


@student_output.register
def _(head: RegressionHead, output: Tensor) -> StudentOutput:
    return StudentOutput(output, _fixed_sigmas(output))


@student_output.register
def _(head: RLEHead, output: Tensor) -> StudentOutput:
    # Scales of a Laplace distribution, which has √2 times that as its standard
    # deviation; fractions of the input, through a sigmoid.
    coords, scales = output.split(2, dim=-1)
    width, height = head.decoder.input_size
    factor = math.sqrt(2) / STRIDE
    return StudentOutput(
        coords, per_axis(scales.sigmoid(), (factor * width, factor * height))
    )


@student_output.register
def _(head: IntegralRegressionHead, output: Any) -> StudentOutput:
    coords, _ = output  # and heatmaps, which have no sigma of their own
    return StudentOutput(coords, _fixed_sigmas(coords))


def _fixed_sigmas(coords: Tensor) -> Tensor:
    """Sigmas for a head that predicts none: those of the paper's teacher."""
    return torch.full_like(coords, FIXED_SIGMA, requires_grad=False)


@singledispatch
def teacher_heatmaps(head: nn.Module, output: Any) -> TeacherHeatmaps:
    """Turn what a head gives into heatmaps of height 1, in their frame.

    Raises:
        TypeError: There is no adapter for this kind of head, or it gives
            something else.
        ValueError: It gives heatmaps of another size than its codec says.
    """
    raise TypeError(
        f'{type(head).__name__} cannot be the head of a teacher: it is not '
        'known how to turn what it gives into one heatmap for each keypoint. '
        'Choose a teacher whose head gives heatmaps or SimCC profiles '
        '(docs/teachers.md lists them), or add an adapter by '
        'distillation.outputs.teacher_heatmaps.register.'
    )


def expect_adapter(adapter: Any, head: nn.Module) -> None:
    """Let an adapter complain of a head that it does not know.

    Raises:
        TypeError: There is no adapter for this kind of head.
    """
    if adapter.dispatch(type(head)) is adapter.dispatch(object):
        adapter(head, None)


def tokens_of(feats: Any) -> Optional[Tokens]:
    """The tokens among a model's features, if it has our encoder."""
    return feats if isinstance(feats, Tokens) else None


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
def keep_output(head: nn.Module) -> Iterator[List[Any]]:
    """Keep what a head gives while it computes its own loss.

    MMPose's heads run ``self.forward`` within ``loss`` and give the loss
    alone. To run them again would cost time, and update the statistics of
    their normalization layers twice.
    """
    outputs: List[Any] = []
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
