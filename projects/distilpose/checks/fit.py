"""Whether what a pipeline gives fits a top-down model."""

from itertools import accumulate
from typing import Any

import torch
from mmpose.models import TopdownPoseEstimator
from torch import Tensor, nn

from distilpose_runtime.errors import UserValueError

from ..heatmaps.frame import codec_input_size, codec_of, pose_head_of

__all__ = ['check_evaluation', 'check_training']


def check_training(dataset: Any, model: TopdownPoseEstimator) -> None:
    """Compare samples of the training data with a model's head.

    One sample is taken of each dataset that the dataset is made of. The model
    is tried on one black image as well.

    Raises:
        ValueError: The labels are of another number of keypoints than the
            head's, the images of another size than its codec's, or the parts
            of the model do not fit each other.
    """
    for index in _firsts(dataset):
        sample = dataset[index]
        _check_image('train', sample, model.head)
        _check_labels(sample, model.head)
    image = _image(sample)
    if image is not None:
        _try(model, image)


def check_evaluation(
    kind: str, loop: Any, model: TopdownPoseEstimator
) -> None:
    """Compare the data of a validation or test with the model's output.

    Args:
        kind: "val" or "test".
        loop: MMEngine's loop, with dataloader and evaluator.
        model: The model.

    Raises:
        ValueError: The model gives another number of keypoints than the
            dataset has, or its flip test cannot work on the dataset.
    """
    dataset = loop.dataloader.dataset
    sample = dataset[0]
    _check_image(kind, sample, model.head)
    predicted = _num_keypoints(model.head)
    if predicted is None:
        return
    test_cfg = model.test_cfg or {}
    chosen = test_cfg.get('output_keypoint_indices')
    outputs = predicted if chosen is None else len(chosen)
    expected = _expected(dataset, sample)
    if expected and outputs not in expected and not _converts(loop):
        head = type(pose_head_of(model.head)).__name__
        raise UserValueError(
            f'The {kind} dataset has {expected[0]} keypoints, but the '
            f"model's {head} predicts {outputs}. Give the dataset's in "
            'model.test_cfg.output_keypoint_indices, or set the number of '
            "keypoints of head and neck to the dataset's."
        )
    if test_cfg.get('flip_test'):
        _check_flips(kind, sample, model, predicted)


def _check_flips(
    kind: str, sample: Any, model: TopdownPoseEstimator, predicted: int
) -> None:
    """Choose metainfo as MMPose does: the model's before the dataset's."""
    own: dict[str, Any] = model.metainfo or {}
    given = getattr(_data(sample), 'metainfo', {})
    flips = own.get('flip_indices', given.get('flip_indices'))
    if flips is not None and len(flips) != predicted:
        raise UserValueError(
            f'The flip test exchanges left and right of {predicted} '
            f'keypoints, but flip_indices for the {kind} data are of '
            f'{len(flips)}. Describe all {predicted} keypoints in '
            'model.metainfo, or set model.test_cfg.flip_test=False.'
        )


def _check_image(kind: str, sample: Any, head: nn.Module) -> None:
    size = codec_input_size(codec_of(head))
    image = _image(sample)
    if size is None or image is None:
        return
    h, w = image.shape[-2:]
    if (w, h) != tuple(size):
        raise UserValueError(
            f'The {kind} pipeline gives images of {w} x {h} (width x height), '
            f"but the model's codec was built for {size[0]} x {size[1]}. Use "
            'one codec for pipeline and model.'
        )


def _check_labels(sample: Any, head: nn.Module) -> None:
    head = pose_head_of(head)
    channels = _num_channels(head)
    for name, given in _labels(sample).items():
        if channels is not None and given != channels:
            raise UserValueError(
                f'The train pipeline gives {name} of {given} keypoints, but '
                f"the model's {type(head).__name__} predicts {channels}. Set "
                "the head's and the neck's number of keypoints to the data's."
            )


@torch.no_grad()
def _try(model: nn.Module, image: Tensor) -> None:
    """Run a model on a black image, so that its parts raise their errors."""
    device = next(model.parameters()).device
    training = model.training
    model.eval()
    model(torch.zeros(1, *image.shape, device=device), None, mode='tensor')
    model.train(training)


def _firsts(dataset: Any) -> list[int]:
    """Indices of the first samples of the datasets that one is made of."""
    inner = getattr(dataset, 'datasets', None)
    if not inner:
        return [0]
    # MMPose below 1.3.2 has no public name for the lengths that it samples.
    lengths = getattr(dataset, 'lens', getattr(dataset, '_lens', None))
    lengths = lengths or [len(part) for part in inner]
    starts = accumulate([0, *lengths[:-1]])
    return [start for start, length in zip(starts, lengths) if length]


def _num_channels(head: nn.Module) -> int | None:
    """How many coordinates, profiles or heatmaps a head gives, if known."""
    for name in ('num_joints', 'out_channels'):
        number = getattr(head, name, None)
        if isinstance(number, int):
            return number
    return None


def _num_keypoints(head: nn.Module) -> int | None:
    """How many keypoints a head predicts, if known."""
    head = pose_head_of(head)
    channels = _num_channels(head)
    decoder = getattr(head, 'decoder', None)
    if channels and getattr(decoder, 'heatmap_type', '') == 'combined':
        return channels // 3  # UDP: a heatmap and two offsets of each
    return channels


def _labels(sample: Any) -> dict[str, int]:
    """How many channels or keypoints a sample's labels have, by name."""
    data = _data(sample)
    fields = getattr(data, 'gt_fields', None)
    if fields is not None and 'heatmaps' in fields:
        maps = fields.heatmaps
        levels = [maps] if isinstance(maps, Tensor) else maps
        return {f'heatmaps of level {i}': len(m) for i, m in enumerate(levels)}
    labels = getattr(data, 'gt_instance_labels', {})
    found = {}
    for name, dims in (
        ('keypoint_labels', 3),
        ('keypoint_x_labels', 3),
        ('keypoint_weights', 2),
    ):
        if name in labels and labels[name].ndim == dims:
            found[name] = labels[name].shape[1]
    return found


def _expected(dataset: Any, sample: Any) -> list[int]:
    """Numbers of keypoints that a metric may compare predictions with."""
    metainfo = getattr(dataset, 'metainfo', None) or {}
    instances = getattr(_data(sample), 'gt_instances', {})
    numbers = [metainfo.get('num_keypoints')]
    if 'keypoints' in instances:
        numbers.append(instances['keypoints'].shape[1])
    return [number for number in numbers if number]


def _converts(loop: Any) -> bool:
    """Whether a metric converts predictions to other keypoints."""
    return any(
        getattr(metric, 'pred_converter', None)
        or getattr(metric, 'gt_converter', None)
        for metric in getattr(loop.evaluator, 'metrics', [])
    )


def _image(sample: Any) -> Tensor | None:
    image = sample.get('inputs') if isinstance(sample, dict) else None
    return image if isinstance(image, Tensor) and image.ndim == 3 else None


def _data(sample: Any) -> Any:
    return sample.get('data_samples') if isinstance(sample, dict) else None
