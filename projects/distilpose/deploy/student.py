"""Students as ONNX files that hold all that a user would get wrong.

The model does not know of export: a wrapper stands beside it.

N: batch. K: keypoints. H, W: height and width of the input, pixels.
"""

import math
from collections.abc import Sequence
from functools import singledispatch
from typing import Any, NamedTuple

import torch
from mmpose.models import TopdownPoseEstimator
from mmpose.models.heads import (
    IntegralRegressionHead,
    RegressionHead,
    RLEHead,
)
from torch import Tensor, nn

from distilpose_runtime.errors import UserTypeError

from ..heatmaps.frame import STRIDE
from ..models.distilpose_head import DistilPoseHead, KeypointPrediction

__all__ = ['ExportedStudent', 'Keypoints', 'keypoints_of']


class Keypoints(NamedTuple):
    """What an exported model gives, float32.

    Attributes:
        coords: Coordinates (N, K, 2), (x, y), pixels of the input.
        scores: Confidence scores (N, K).
        sigmas: Sigmas (N, K, 2), (x, y), pixels of the input, or None.
    """

    coords: Tensor
    scores: Tensor
    sigmas: Tensor | None


@singledispatch
def keypoints_of(
    head: nn.Module, output: Any, size: tuple[int, int]
) -> Keypoints:
    """Turn what a head gives for an input of (W, H) pixels into keypoints.

    As the head's ``predict`` and its codec do, in PyTorch's operators alone.

    Raises:
        TypeError: It is not known how, for this kind of head.
    """
    raise UserTypeError(
        f'A model with a {type(head).__name__} cannot be exported: it is not '
        'known how its output becomes coordinates. Export a student with a '
        "DistilPoseHead, or MMPose's RegressionHead, RLEHead, "
        'IntegralRegressionHead or DSNTHead, or add an adapter by '
        'deploy.export.keypoints_of.register.'
    )


@keypoints_of.register
def _(
    head: DistilPoseHead, output: KeypointPrediction, size: tuple[int, int]
) -> Keypoints:
    sigmas = output.sigmas
    return Keypoints(
        coords=_pixels(output.coords, size),
        scores=head.confidences(output),
        sigmas=None if sigmas is None else STRIDE * sigmas,
    )


@keypoints_of.register
def _(
    head: RegressionHead, output: Tensor, size: tuple[int, int]
) -> Keypoints:
    return Keypoints(_pixels(output, size), _ones(output), None)


@keypoints_of.register
def _(head: RLEHead, output: Tensor, size: tuple[int, int]) -> Keypoints:
    # Scales of a Laplace distribution, fractions of the input as coordinates
    # are; its standard deviation is √2 times as large.
    scales = output[..., 2:].sigmoid()
    return Keypoints(
        coords=_pixels(output[..., :2], size),
        scores=(1 - scales).mean(-1),
        sigmas=math.sqrt(2) * _pixels(scales, size),
    )


@keypoints_of.register
def _(
    head: IntegralRegressionHead,
    output: tuple[Tensor, Tensor],
    size: tuple[int, int],
) -> Keypoints:
    coords, _ = output
    return Keypoints(_pixels(coords, size), _ones(coords), None)


def _pixels(fractions: Tensor, size: tuple[int, int]) -> Tensor:
    return fractions * fractions.new_tensor(size)


def _ones(coords: Tensor) -> Tensor:
    # Not of coordinates that are not finite.
    return torch.ones_like(coords[..., 0])


class ExportedStudent(nn.Module):
    """A student from images to keypoints in pixels.

    Args:
        model: The estimator; its head, codec and data preprocessor are used.
        size: Width and height of the input, pixels.
        flip_indices: For the flip test, the keypoint that each keypoint is in
            a mirror image. None for none.
        raw_images: Whether images come as bytes (N, H, W, 3), BGR, not as
            what the data preprocessor gives (N, 3, H, W).

    Raises:
        TypeError: The model's head is of a kind that cannot be exported.
    """

    def __init__(
        self,
        model: TopdownPoseEstimator,
        size: tuple[int, int],
        flip_indices: Sequence[int] | None = None,
        raw_images: bool = False,
    ) -> None:
        super().__init__()
        if keypoints_of.dispatch(type(model.head)) is keypoints_of.dispatch(
            object
        ):
            keypoints_of(model.head, None, size)
        self.model = model
        self.size = size
        self.flip_indices = None if flip_indices is None else [*flip_indices]
        # By MMPose's default, coordinates of mirror images move by a pixel,
        # which our head does only where it is told to.
        self.shift = (model.test_cfg or {}).get(
            'shift_coords', not isinstance(model.head, DistilPoseHead)
        )
        self.raw_images = raw_images
        self.dtype = torch.float32

    def to_float16(self) -> None:
        """Make backbone and neck float16, in place; the head stays float32.

        Half precision cannot tell pixels apart: near the right side of 192
        pixels, its steps are an eighth of one.
        """
        self.dtype = torch.float16
        for part in ('backbone', 'neck'):
            module = getattr(self.model, part, None)
            if module is not None:
                module.to(self.dtype)

    @property
    def output_names(self) -> list[str]:
        """The outputs, in order."""
        size = (1, 3, *self.size[::-1])
        image = torch.zeros(size, device=next(self.parameters()).device)
        with torch.no_grad():
            found = self._keypoints(image)
        return [k for k, v in found._asdict().items() if v is not None]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Predict; see ``output_names``."""
        if self.raw_images:
            images = self._normalize(images)
        found = self._keypoints(images)
        if self.flip_indices is not None:
            found = self._average(found, self._keypoints(images.flip(-1)))
        return tuple(value for value in found if value is not None)

    def _normalize(self, images: Tensor) -> Tensor:
        """As the data preprocessor does."""
        preprocessor = self.model.data_preprocessor
        images = images.permute(0, 3, 1, 2).float()
        if preprocessor._channel_conversion:
            images = images.flip(1)
        if preprocessor._enable_normalize:
            images = (images - preprocessor.mean) / preprocessor.std
        return images

    def _keypoints(self, images: Tensor) -> Keypoints:
        head = self.model.head
        if self.dtype == torch.float32:
            feats = self.model.extract_feat(images)
        else:
            feats = _float32(self.model.extract_feat(images.to(self.dtype)))
        return keypoints_of(head, head(feats), self.size)

    def _average(self, own: Keypoints, mirrored: Keypoints) -> Keypoints:
        """Average with the mirror image, whose left is right."""

        def average(a: Tensor, b: Tensor) -> Tensor:
            return (a + b[:, self.flip_indices]) / 2

        x, y = mirrored.coords.unbind(-1)
        x = self.size[0] - self.shift - x
        return Keypoints(
            coords=average(own.coords, torch.stack([x, y], -1)),
            scores=average(own.scores, mirrored.scores),
            sigmas=None
            if own.sigmas is None or mirrored.sigmas is None
            else average(own.sigmas, mirrored.sigmas),
        )


def _float32(feats: Any) -> Any:
    """Convert features, however nested."""
    if isinstance(feats, Tensor):
        return feats.float()
    converted = [_float32(x) for x in feats]
    if hasattr(feats, '_make'):  # a named tuple, such as Tokens
        return feats._make(converted)
    return type(feats)(converted)
