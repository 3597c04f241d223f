"""Checks of the teacher on the first batch of a distillation.

B: batch. K: keypoints.
"""

from collections.abc import Callable, Iterable

import torch
from mmengine.dist import all_gather_object
from mmengine.logging import MMLogger
from mmengine.structures import PixelData
from mmpose.models import TopdownPoseEstimator
from mmpose.utils.typing import SampleList
from torch import Tensor, nn

from distilpose_runtime.errors import UserRuntimeError, UserValueError

from ..heads.udp_combined import combined_heatmaps, is_combined
from ..heatmaps.forms import DenseHeatmaps, SeparableHeatmaps
from ..heatmaps.frame import codec_of, heatmap_frame
from ..keypoints.matching import check_same_mirror_images
from ..models.distilpose_head import keypoint_weights
from .step import DistillationStep

__all__ = ['check_first_batch']

# Heatmaps of height 1 that peak below this belong to an untrained teacher, or
# are logits; those that peak above this are not of height 1.
FLAT_PEAK, HIGH_PEAK = 0.1, 1.5
# A teacher this far from the labels, as a fraction of the input's longer side,
# looks at something else. A good one is some 2 % off.
FAR = 0.1


def check_first_batch(
    model: TopdownPoseEstimator,
    step: DistillationStep,
    samples: SampleList,
    losses: dict,
) -> None:
    """Check what a DistilPoseEstimator gives for its first batch; log it.

    ``losses`` are the head's own. If one of several processes fails, all
    fail: the others would wait for its gradients.

    Raises:
        ValueError: The teacher's output is not finite, its keypoints have
            other mirror images than the student's, or a term is called like
            one of the head's losses.
        RuntimeError: One of these happened in another process.
    """
    error = None
    try:
        _check(model, step, samples, losses)
    except Exception as raised:
        error = raised
    messages = all_gather_object(error and str(error))
    if error is not None:
        raise error
    for rank, message in enumerate(messages):
        if message is not None:
            raise UserRuntimeError(f'In process {rank}: {message}')


def _check(
    model: TopdownPoseEstimator,
    step: DistillationStep,
    samples: SampleList,
    losses: dict,
) -> None:
    for name in model.distillation:
        if f'loss_{name}' in losses:
            raise UserValueError(
                f'The head has a loss of its own called "loss_{name}". '
                f'Rename the distillation term "{name}".'
            )
    teacher, output = model.teacher, step.teacher
    if not teacher.student_keypoints and teacher.index is None:
        check_same_mirror_images(
            teacher.source.metainfo, samples[0].metainfo, output.maps.shape[1]
        )
    peaks = output.maps.peaks()
    _expect_finite('heatmaps', [peaks])
    if output.tokens is not None and output.known is None:
        _expect_finite('tokens', output.tokens)
    logger = MMLogger.get_current_instance()
    logger.info(
        'Distillation terms and their weights: %s',
        ', '.join(
            f'{name} {getattr(term, "loss_weight", 1.0):g}'
            for name, term in model.distillation.items()
        ),
    )
    peaks = peaks[step.keypoint_weights > 0]
    if len(peaks):
        _judge_peaks(peaks, logger)
    _judge_distances(model, step, samples, logger)


def _expect_finite(what: str, tensors: Iterable[Tensor]) -> None:
    """Refuse a teacher that is broken from the first batch on."""
    if not all(tensor.isfinite().all() for tensor in tensors):
        raise UserValueError(
            f"The teacher's {what} for the first batch hold NaN or infinity. "
            'Check model.teacher.checkpoint: was it trained to its end, and '
            'did that training not diverge?'
        )


def _judge_peaks(peaks: Tensor, logger: MMLogger) -> None:
    """Log how high the teacher's heatmaps peak; warn if too low or high."""
    mean = float(peaks.mean())
    if FLAT_PEAK <= mean <= HIGH_PEAK:
        share = ((peaks > FLAT_PEAK) & (peaks < HIGH_PEAK)).float().mean()
        logger.info(
            "The teacher's heatmaps peak at %.2f on average; %.0f %% of the "
            'peaks lie between %g and %g.',
            *(mean, 100 * float(share), FLAT_PEAK, HIGH_PEAK),
        )
        return
    cause = (
        'It has learned next to nothing, or sees other data than its own, or '
        'its heatmaps are logits that need a sigmoid.'
        if mean < FLAT_PEAK
        else 'They are logits, or of another height than their codec says: '
        'terms that compare heatmaps will outweigh all others.'
    )
    logger.warning(
        "The teacher's heatmaps peak at %.3f on average for visible keypoints "
        'of the first batch, where a trained teacher reaches about 1. %s '
        "Check model.teacher.checkpoint, and the teacher's codec and last "
        'layer.',
        *(mean, cause),
    )


def _label_coords(head: nn.Module, samples: SampleList) -> Tensor | None:
    """Coordinates (B, K, 2) of the labels, fractions of the input.

    None for labels of a kind that does not hold them.
    """
    labels = [sample.gt_instance_labels for sample in samples]
    if 'keypoint_labels' in labels[0]:
        return torch.cat([own.keypoint_labels for own in labels])
    codec = codec_of(head)
    if 'keypoint_x_labels' in labels[0]:
        rows, columns = (
            torch.cat([own[f'keypoint_{axis}_labels'] for own in labels])
            for axis in 'xy'
        )
        return SeparableHeatmaps(heatmap_frame(codec), rows, columns).coords()
    fields = [sample.get('gt_fields') for sample in samples]
    if fields[0] is None:
        return None
    # Of several levels (a list), the last one is made by this codec.
    maps = torch.stack(
        [
            own.heatmaps if isinstance(own, PixelData) else own.heatmaps[-1]
            for own in fields
        ]
    )
    if is_combined(codec):
        return combined_heatmaps(codec, maps).coords()
    return DenseHeatmaps(heatmap_frame(codec), maps).coords()


def _judge_distances(
    model: TopdownPoseEstimator,
    step: DistillationStep,
    samples: SampleList,
    logger: MMLogger,
) -> None:
    """Log how far the teacher is from the labels; warn if it is far."""
    labels = _label_coords(model.head, samples)
    if labels is None:
        return
    labelled = keypoint_weights(samples) > 0
    if step.teacher.known is not None:
        labelled = labelled & (step.teacher.known > 0)
    if not labelled.any():
        return
    size = labels.new_tensor(model.teacher.student.size)
    side = float(size.max())
    labels = labels * size
    teacher = step.teacher.maps.coords().to(labels) * size

    def apart(points: Tensor) -> float:
        distances = (points - labels).norm(dim=-1)
        return float(distances[labelled].median())

    distance = apart(teacher)
    if distance <= FAR * side:
        logger.info(
            'Half of the labelled keypoints lie within %.1f pixels of what '
            'the teacher predicts.',
            distance,
        )
        return
    pairs = samples[0].metainfo.get('flip_indices')
    logger.warning(
        'The teacher is far from the labels of the first batch: half of the '
        'keypoints are more than %.0f pixels of the input away, where a good '
        'teacher is %.0f. %s',
        *(distance, 0.02 * side),
        _likely_cause(apart, teacher, labels, labelled, pairs),
    )


def _likely_cause(
    apart: Callable[[Tensor], float],
    teacher: Tensor,
    labels: Tensor,
    labelled: Tensor,
    pairs: list[int] | None,
) -> str:
    """Guess why a teacher's keypoints (B, K, 2), pixels, are off."""
    has_pairs = pairs is not None and len(pairs) == labels.shape[1]
    if has_pairs and apart(teacher[:, pairs]) < apart(teacher) / 4:
        return (
            'With left and right exchanged it would be much nearer: its '
            'keypoints have another order. Set model.teacher.keypoints.'
        )
    # A teacher of another crop predicts the truth, scaled and shifted.
    own, true = teacher[labelled], labels[labelled]
    spread, true_spread = own.std(0), true.std(0)
    together = ((own - own.mean(0)) * (true - true.mean(0))).mean(0)
    if (together > 0.8 * spread * true_spread).all() and spread.min() > 1:
        scale = true_spread / spread
        shift = true.mean(0) - own.mean(0) * scale
        return (
            f'Scaled by ({float(scale[0]):.2f}, {float(scale[1]):.2f}) and '
            f'shifted by ({float(shift[0]):.0f}, {float(shift[1]):.0f}) '
            'pixels it would be much nearer: it predicts for another crop, or '
            'its codec is not the one that it was trained with.'
        )
    return (
        'It has keypoints in another order, was trained on another kind of '
        'images or crops, or was not trained.'
    )
