"""The graph of an exported student, from images to keypoints in pixels.

The model does not know of export: a wrapper does.

N: batch. K: keypoints. H, W: height and width of the input, pixels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmpose.models import TopdownPoseEstimator
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from ..heads.heatmaps import expect_adapter
from ..heads.maps import Maps, maps_given
from ..heatmaps.frame import STRIDE, pose_head_of
from ..models.distilpose_head import DistilPoseHead, average_with_mirrored
from ..models.input_spec import InputSpec
from ..students.output import StudentOutput, student_output
from .decode import decode
from .maps import map_sigmas, mirrored_maps

__all__ = ['ExportedStudent', 'Keypoints']


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


class ExportedStudent(nn.Module):
    """A student from images to keypoints in pixels.

    It computes what ``predict`` of the head and its codec do, by PyTorch's
    operators alone, with the ``output_keypoint_indices`` and ``shift_coords``
    of ``test_cfg``.

    Args:
        model: The estimator.
        size: Width and height of the input, pixels.
        flip_indices: The keypoint that each is in a mirror image, for the
            flip test; None for none.
        raw_images: Whether images come as bytes (N, H, W, 3), BGR, not
            preprocessed (N, 3, H, W).

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
        self.model = model
        expect_adapter(student_output, self.head)
        self.size = size
        self.flip_indices = None if flip_indices is None else [*flip_indices]
        test_cfg = model.test_cfg or {}
        self.chosen = test_cfg.get('output_keypoint_indices')
        # By MMPose's default, coordinates of mirror images move by a pixel,
        # which our head does only where it is told to.
        self.shift = test_cfg.get(
            'shift_coords', not isinstance(model.head, DistilPoseHead)
        )
        self.raw_images = raw_images
        self.dtype = torch.float32

    @property
    def head(self) -> Any:
        """The head that predicts keypoints; another one once it is fused."""
        return pose_head_of(self.model.head)

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

    def keypoints(self, images: Tensor) -> Keypoints:
        """Predict the keypoints of images, as ``raw_images`` says."""
        outputs = self._outputs(images)
        maps = self._averaged(outputs)
        if maps:
            return self.decoded(maps)
        return self._choose(self._of_coordinates(outputs))

    def maps(self, images: Tensor) -> Maps:
        """The maps of images for ``decoded``; () for other heads."""
        return self._averaged(self._outputs(images))

    def decoded(self, maps: Maps) -> Keypoints:
        """Decode keypoints from maps."""
        coords, scores = decode(self.head.decoder, *maps)
        return self._choose(
            Keypoints(coords, scores, map_sigmas(self.head, maps))
        )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Predict the fields of ``Keypoints`` that the model has, in order."""
        return tuple(x for x in self.keypoints(images) if x is not None)

    def _normalize(self, images: Tensor) -> Tensor:
        """Normalize images as the data preprocessor does."""
        spec = InputSpec.of_model(self.model)
        images = images.permute(0, 3, 1, 2).float()
        if spec.rgb:
            images = images.flip(1)
        mean, std = (
            images.new_tensor(values).view(-1, 1, 1)
            for values in (spec.mean, spec.std)
        )
        return (images - mean) / std

    def _output(self, images: Tensor) -> Any:
        if self.dtype == torch.float32:
            feats = self.model.extract_feat(images)
        else:
            feats = self.model.extract_feat(images.to(self.dtype))
            feats = tree_map(Tensor.float, feats)
        return self.head(feats)

    def _outputs(self, images: Tensor) -> list[Any]:
        """What the head gives for images and, by flip test, mirror images."""
        if self.raw_images:
            images = self._normalize(images)
        if self.flip_indices is None:
            return [self._output(images)]
        return [self._output(x) for x in (images, images.flip(-1))]

    def _averaged(self, outputs: list[Any]) -> Maps:
        """Maps, averaged with those of the mirror images."""
        own, *others = (maps_given(self.head, x) for x in outputs)
        if not own or self.flip_indices is None:
            return own
        mirrored = mirrored_maps(
            others[0], self.flip_indices, self.model.test_cfg or {}
        )
        return tuple((a + b) / 2 for a, b in zip(own, mirrored))

    def _choose(self, found: Keypoints) -> Keypoints:
        if self.chosen is None:
            return found
        return Keypoints._make(
            x if x is None else x[:, self.chosen] for x in found
        )

    def _of_coordinates(self, outputs: list[Any]) -> Keypoints:
        own, *others = (student_output(self.head, x) for x in outputs)
        if self.flip_indices is not None:
            own = average_with_mirrored(
                own, others[0], self.flip_indices, self.shift / self.size[0]
            )
        return self._in_pixels(own)

    def _in_pixels(self, output: StudentOutput) -> Keypoints:
        scores = output.scores
        if scores is None:
            scores = output.confidences
        if scores is None:  # not of coordinates that are not finite
            scores = torch.ones_like(output.coords[..., :1])
        sigmas = None if output.fixed_sigmas else output.sigmas
        return Keypoints(
            coords=output.coords * output.coords.new_tensor(self.size),
            scores=scores[..., 0],
            sigmas=None if sigmas is None else STRIDE * sigmas,
        )
