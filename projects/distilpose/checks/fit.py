"""Whether what a pipeline gives fits a top-down model."""

from itertools import accumulate
from typing import Any

import torch
from mmpose.models import TopdownPoseEstimator
from mmpose.structures import PoseDataSample
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
    image = None
    for index in _firsts(dataset):
        packed = _packed(dataset[index])
        if packed is not None:
            image, data = packed
            _check_image('train', image, model.head)
            _check_labels(data, model.head)
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
    packed = _packed(dataset[0])
    if packed is None:
        return
    image, data = packed
    _check_image(kind, image, model.head)
    predicted = _num_keypoints(model.head)
    if predicted is None:
        return
    test_cfg = model.test_cfg or {}
    chosen = test_cfg.get('output_keypoint_indices')
    outputs = predicted if chosen is None else len(chosen)
    expected = _expected(dataset, data)
    if expected and outputs not in expected and not _converts(loop):
        head = type(pose_head_of(model.head)).__name__
        raise UserValueError(
            f'The {kind} dataset has {expected[0]} keypoints, but the '
            f"model's {head} predicts {outputs}. Give the dataset's in "
            'model.test_cfg.output_keypoint_indices, or set the number of '
            "keypoints of head and neck to the dataset's."
        )
    # MMPose takes the model's metainfo before the dataset's.
    metainfo = {**data.metainfo, **(model.metainfo or {})}
    flips = metainfo.get('flip_indices', range(predicted))
    if test_cfg.get('flip_test') and len(flips) != predicted:
        raise UserValueError(
            f'The flip test exchanges left and right of {predicted} '
            f'keypoints, but flip_indices for the {kind} data are of '
            f'{len(flips)}. Describe all {predicted} keypoints in '
            'model.metainfo, or set model.test_cfg.flip_test=False.'
        )


def _packed(sample: Any) -> tuple[Tensor, PoseDataSample] | None:
    """Image and data of a sample as MMPose packs it; None for another one."""
    if not isinstance(sample, dict):
        return None
    image, data = sample.get('inputs'), sample.get('data_samples')
    if not isinstance(image, Tensor) or not isinstance(data, PoseDataSample):
        return None
    return (image, data) if image.ndim == 3 else None


def _check_image(kind: str, image: Tensor, head: nn.Module) -> None:
    size = codec_input_size(codec_of(head))
    h, w = image.shape[-2:]
    if size is not None and (w, h) != tuple(size):
        raise UserValueError(
            f'The {kind} pipeline gives images of {w} x {h} (width x height), '
            f"but the model's codec was built for {size[0]} x {size[1]}. Use "
            'one codec for pipeline and model.'
        )


def _check_labels(data: PoseDataSample, head: nn.Module) -> None:
    head = pose_head_of(head)
    channels = _num_channels(head)
    for name, given in _labels(data).items():
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


def _labels(data: PoseDataSample) -> dict[str, int]:
    """How many channels or keypoints a sample's labels have, by name."""
    fields = data.get('gt_fields', {})
    if 'heatmaps' in fields:
        maps = fields.heatmaps
        levels = [maps] if isinstance(maps, Tensor) else maps
        return {f'heatmaps of level {i}': len(m) for i, m in enumerate(levels)}
    labels = data.get('gt_instance_labels', {})
    dims = dict(keypoint_labels=3, keypoint_x_labels=3, keypoint_weights=2)
    return {
        name: labels[name].shape[1]
        for name, ndim in dims.items()
        if name in labels and labels[name].ndim == ndim
    }


def _expected(dataset: Any, data: PoseDataSample) -> list[int]:
    """Numbers of keypoints that a metric may compare predictions with."""
    metainfo = getattr(dataset, 'metainfo', None) or {}
    instances = data.get('gt_instances', {})
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
