"""A teacher that finds keypoints in photos, as an exported model does.

N: people. K: keypoints. W, H: width and height of a crop, pixels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmpose.utils import register_all_modules

from distilpose_runtime import Poses
from distilpose_runtime.boxes import crops, frames
from distilpose_runtime.errors import UserValueError

from ..heatmaps.frame import STRIDE
from ..keypoints.matching import counted
from ..students.mmpose_estimator import expect_device
from .base import make_source
from .inputs import InputConversion, InputSpec
from .stored.folder import describe_teacher
from .stored.gaussians import Gaussians

__all__ = ['TeacherEstimator']


class TeacherEstimator:
    """A teacher of any kind, used as a ``PoseEstimator`` is.

    Its poses are where its heatmaps peak, their scores the peaks' heights, and
    their sigmas the widths of the peaks.

    Args:
        settings: What ``model.teacher`` would be in a config.
        device: One of PyTorch's. An ONNX file runs by CUDA where it can.
        batch: The largest number of people in one run.
        padding: How much larger than its box a crop is.

    Attributes:
        about, names, skeleton: As of every ``Estimator``.

    Raises:
        FileNotFoundError: One of its files does not exist.
        TypeError: There is no such setting, or it is no top-down estimator.
        ValueError: A setting has a wrong value, the teacher cannot be built,
            or does not name its keypoints.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        device: str = 'cpu',
        batch: int = 32,
        padding: float = 1.25,
    ) -> None:
        expect_device(device)
        register_all_modules()
        self.source = make_source(settings)
        self.source.prepare()
        names = self.source.keypoint_names
        if not names:
            raise UserValueError(
                f'The teacher {self.source.name} does not name its keypoints. '
                "Set keypoints_of to the name of MMPose's dataset that it was "
                "trained on, such as 'coco', or to a list of names; of "
                '`distilpose label`, by --teacher-options keypoints_of=coco.'
            )
        self.names = names
        links = (self.source.metainfo or {}).get('skeleton_links', [])
        self.skeleton = [(int(i), int(j)) for i, j in links]
        self.about = dict(
            name=self.source.name,
            settings=describe_teacher(settings),
            padding=padding,
        )
        size = self.source.input.size
        assert size is not None  # a codec or a file names it
        self.size = size
        self._device, self._batch, self._padding = device, batch, padding
        # Of pixels as OpenCV reads them.
        self._conversion = InputConversion(InputSpec(size), self.source.input)

    def __call__(
        self, image: np.ndarray, boxes: np.ndarray | Sequence
    ) -> Poses:
        """Find keypoints as ``PoseEstimator`` does."""
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        centers, scales = frames(boxes, self.size, self._padding)
        k = len(self.names)
        found = [np.empty((0, k, 5), np.float32)]
        parts = crops(image, centers, scales, self.size, self._batch)
        found += [self._ask(part) for part in parts]
        values = np.concatenate(found)
        scales = scales[:, None]
        return Poses(
            keypoints=(values[..., :2] - 0.5) * scales + centers[:, None],
            scores=values[..., 2],
            sigmas=values[..., 3:] * scales,
            boxes=boxes,
            names=self.names,
            skeleton=self.skeleton,
        )

    @torch.inference_mode()
    def _ask(self, crops: np.ndarray) -> np.ndarray:
        """Ask about crops (N, H, W, 3), BGR, 8 bits.

        Returns:
            (N, K, 5): x and y, score, sigmas along x and y; coordinates and
            sigmas as fractions of a crop.
        """
        pixels = torch.from_numpy(crops).to(self._device).float()
        images = self._conversion.images(pixels.permute(0, 3, 1, 2))
        maps = self.source(images).maps
        sigmas = Gaussians.of(maps).sigmas * STRIDE
        sigmas = sigmas / sigmas.new_tensor(self.size)
        parts = maps.coords(), maps.peaks()[..., None], sigmas
        values = torch.cat(parts, dim=-1).float().cpu().numpy()
        if values.shape[1] != len(self.names):
            raise UserValueError(
                f'The teacher {self.source.name} gives {values.shape[1]} '
                f'keypoints, but keypoints_of names {counted(self.names)}. '
                'Name all that it gives, in order.'
            )
        return values
