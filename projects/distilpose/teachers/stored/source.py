"""A teacher whose outputs were stored before.

B: batch. K: keypoints. W, H: width and height of a crop, pixels.
"""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from mmengine.logging import MMLogger
from mmpose.datasets.transforms import PackPoseInputs, RandomBBoxTransform
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import get_warp_matrix
from mmpose.utils.typing import SampleList
from torch import Tensor

from distilpose_runtime.errors import UserValueError

from ...data.wrapped import parts, transforms
from ...weights.fetch import file_sha256
from ..base import TeacherSource
from ..inputs import InputSpec
from ..output import TeacherOutput
from .folder import StoredOutputs, data_files
from .peak_windows import PeakWindows

__all__ = ['StoredSource']


class StoredSource(TeacherSource):
    """What a teacher said about each person, kept by ``store-teacher``.

    It was asked about crops without augmentation. Each peak is moved to where
    it lies in the augmented crop, and the window around it is turned and
    mirrored likewise, but not made larger or smaller: a teacher draws its
    Gaussians at one size, however large a person is in the crop.

    Args:
        stored: The folder.
        **teacher: Settings of the teacher that was stored, to see that it is
            this one. Defaults to no such check.
    """

    is_stored = True

    def __init__(self, stored: str, **teacher: Any) -> None:
        self.stored = str(stored)
        self.teacher = teacher
        self.rotated = True
        self.is_told = False  # how much each sample was rotated

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k != 'outputs'}

    @cached_property
    def outputs(self) -> StoredOutputs:
        """The folder's content."""
        return StoredOutputs(self.stored)

    @property
    def name(self) -> str:
        return self.stored

    @property
    def input(self) -> InputSpec:
        return self.outputs.input

    @property
    def metainfo(self) -> dict | None:
        """Names of the keypoints, and which change sides in a mirror image."""
        meta = self.outputs.meta
        found: dict[str, Any] = {}
        if meta['keypoint_names']:
            found['keypoint_id2name'] = dict(enumerate(meta['keypoint_names']))
        if meta['flip_indices']:
            found['flip_indices'] = meta['flip_indices']
        return found or None

    def prepare(self) -> None:
        """Open it, and log what it holds.

        Raises:
            FileNotFoundError: There is no such folder.
            ValueError: It is incomplete, or of another format or teacher.
        """
        outputs = self.outputs
        if outputs.done < outputs.count:
            raise UserValueError(
                f'"{self.stored}" holds the outputs for {outputs.done} of '
                f'{outputs.count} people. Let `distilpose store-teacher` '
                'finish: the same command goes on where it was.'
            )
        if self.teacher:
            outputs.expect_teacher(self.teacher)
        MMLogger.get_current_instance().info(
            'The teacher %s: outputs of %s for %d people of %s',
            self.stored,
            outputs.meta['teacher_name'],
            outputs.count,
            outputs.described_data,
        )

    def see_data(self, dataset: Any) -> None:
        """Compare the data, and have each sample tell how it was rotated.

        Raises:
            ValueError: It was stored for other data.
        """
        files = {file for part in parts(dataset) for file in data_files(part)}
        self.outputs.expect_data({file: file_sha256(file) for file in files})
        steps = [*transforms(dataset)]
        self.rotated = any(isinstance(x, RandomBBoxTransform) for x in steps)
        for step in steps:
            if isinstance(step, PackPoseInputs):
                step.meta_keys = (*step.meta_keys, 'bbox_rotation')
                self.is_told = True

    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        if samples is None:  # of a black image, before training
            return TeacherOutput(self._nothing(images))
        rows = self.outputs.rows(samples)
        placed = [self._place(*pair) for pair in zip(samples, rows)]
        heights = rows['height'][..., None, None]
        windows = rows['window'] * (heights / 255)
        tensors = [
            torch.from_numpy(np.stack(values).astype(np.float32))
            for values in (windows, *zip(*placed))
        ]
        maps = PeakWindows(
            self.outputs.frame, *(x.to(images.device) for x in tensors)
        )
        return TeacherOutput(maps.map(self._exchange(samples, images.device)))

    def _place(
        self, sample: PoseDataSample, row: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Centres (K, 2), origins (K, 2) and turns (K, 2, 2) of windows."""
        size = np.array(self._size(sample), np.float64)
        frame = self.outputs.frame
        scale, offset = np.array(frame.scale), np.array(frame.offset)
        rotation = self._rotation(sample)
        moved = _crop_to_crop(sample, row['crop'], size, rotation)
        points = row['peak'].astype(np.float64)
        there = (points * size) @ moved[:2, :2].T + moved[:2, 2]
        turn = moved[:2, :2] / np.sqrt(abs(np.linalg.det(moved[:2, :2])))
        density = scale / size  # cells per pixel
        turn = density[:, None] * turn / density
        return (
            there / size * scale + offset,
            row['corner'] - (points * scale + offset),
            np.broadcast_to(turn, (len(points), 2, 2)),
        )

    def _rotation(self, sample: PoseDataSample) -> float:
        if not self.rotated:
            return 0.0
        if 'bbox_rotation' not in sample.metainfo:
            if self.is_told:  # by a pipeline that rotates nothing
                return 0.0
            raise UserValueError(
                'A stored teacher must know how much each sample was rotated. '
                'Keep DatasetCheckHook among custom_hooks, which has the '
                "pipeline tell it, or add 'bbox_rotation' to the meta_keys "
                'of PackPoseInputs.'
            )
        return float(np.ravel(sample.metainfo['bbox_rotation'])[0])

    def _size(self, sample: PoseDataSample) -> tuple[int, int]:
        """Size (W, H) of the stored crops, which the sample's resemble."""
        width, height = self.outputs.meta['input']['size']
        w, h = (int(x) for x in sample.metainfo['input_size'])
        if w * height != h * width:
            raise UserValueError(
                f'"{self.stored}" was stored for a student with an input of '
                f'{width} x {height}, and that of this one, {w} x {h}, has '
                "another aspect. Store the outputs with this student's config."
            )
        return width, height

    def _exchange(self, samples: SampleList, device: torch.device) -> Any:
        """Exchanges left and right keypoints of mirrored samples."""
        own = (self.metainfo or {}).get('flip_indices')
        k = self.outputs.meta['keypoints']
        index = torch.arange(k).repeat(len(samples), 1)
        for i, sample in enumerate(samples):
            if sample.metainfo.get('flip'):
                pairs = own or sample.metainfo['flip_indices']
                index[i] = torch.tensor(pairs)
        index = index.to(device)
        batch = torch.arange(len(samples), device=device)[:, None]
        return lambda values: values[batch, index]

    def _nothing(self, images: Tensor) -> PeakWindows:
        b, k, n = (
            len(images),
            *(self.outputs.meta[key] for key in ('keypoints', 'window')),
        )
        zeros = images.new_zeros(b, k, 2)
        return PeakWindows(
            self.outputs.frame,
            images.new_zeros(b, k, n, n),
            zeros,
            zeros - n // 2,
            torch.eye(2).to(images).expand(b, k, 2, 2),
        )


def _crop_to_crop(
    sample: PoseDataSample,
    crop: np.ndarray,
    size: np.ndarray,
    rotation: float,
) -> np.ndarray:
    """From pixels of the stored crop to those of the sample's, (3, 3)."""
    meta = sample.metainfo
    to_image = np.eye(3)
    to_image[[0, 1], [0, 1]] = crop[2:] / size
    to_image[:2, 2] = crop[:2] - crop[2:] / 2
    mirror = np.eye(3)
    if meta.get('flip'):
        height, width = meta['ori_shape'][:2]
        kind = meta['flip_direction']
        if kind in ('horizontal', 'diagonal'):
            mirror[0] = -1, 0, width - 1
        if kind in ('vertical', 'diagonal'):
            mirror[1] = 0, -1, height - 1
    to_crop = np.eye(3)
    to_crop[:2] = get_warp_matrix(
        np.asarray(meta['input_center']),
        np.asarray(meta['input_scale']),
        rotation,
        output_size=tuple(size),
    )
    return to_crop @ mirror @ to_image
