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
from ..base import TEACHERS, TeacherSource
from ..inputs import InputSpec
from ..output import TeacherOutput
from .folder import StoredOutputs, data_hashes
from .gaussians import Gaussians

__all__ = ['StoredSource']


@TEACHERS.register_module(name='stored')
class StoredSource(TeacherSource):
    """What a teacher said about each person, kept by ``store-teacher``.

    It was asked about crops without augmentation. Each of its Gaussians is
    moved to where it lies in the augmented crop, and turned and mirrored
    likewise, but not made larger or smaller: a teacher draws its Gaussians at
    one size, however large a person is in the crop.

    Args:
        stored: The folder.
        **teacher: Settings of the teacher that was stored, to see that it is
            this one. Defaults to no such check.
    """

    is_stored = True

    def __init__(self, stored: str, **teacher: Any) -> None:
        self.stored = str(stored)
        self.teacher = teacher
        # Whether a sample that names no rotation was not rotated.
        self.tells_rotation = False

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
        if not outputs.is_complete:
            raise UserValueError(
                f'"{self.stored}" does not hold the outputs for all of its '
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
        self.outputs.expect_data(data_hashes(parts(dataset)))
        steps = [*transforms(dataset)]
        packing = [x for x in steps if isinstance(x, PackPoseInputs)]
        for step in packing:
            step.meta_keys = (*step.meta_keys, 'bbox_rotation')
        rotated = any(isinstance(x, RandomBBoxTransform) for x in steps)
        self.tells_rotation = bool(packing) or not rotated

    def __call__(
        self, images: Tensor, samples: SampleList | None = None
    ) -> TeacherOutput:
        frame, k = self.outputs.frame, self.outputs.meta['keypoints']
        if samples is None:  # of a black image, before training
            zeros = images.new_zeros(len(images), k, 2)
            nothing = Gaussians(zeros, zeros[..., 0], zeros + 1)
            return TeacherOutput(nothing.drawn(frame))
        placed = map(self._place, samples, self.outputs.rows(samples))
        columns = [np.stack(x).astype(np.float32) for x in zip(*placed)]
        gaussians = [torch.from_numpy(x).to(images.device) for x in columns]
        return TeacherOutput(Gaussians(*gaussians).drawn(frame))

    def _place(
        self, sample: PoseDataSample, row: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the Gaussians of a person lie in the sample's crop.

        Centres (K, 2), heights (K,) and sigmas (K, 2), as ``Gaussians``.
        """
        size = np.array(self._size(sample), np.float64)
        moved = _crop_to_crop(
            sample, row['crop'], size, self._rotation(sample)
        )
        points = row['peak'] * size @ moved[:2, :2].T + moved[:2, 2]
        # A turned Gaussian has its own variances along both axes; that they
        # then depend on each other is left out.
        turn = moved[:2, :2] ** 2 / abs(np.linalg.det(moved[:2, :2]))
        sigmas = np.sqrt(row['sigma'].astype(np.float64) ** 2 @ turn.T)
        index = self._exchanged(sample, len(points))
        return (points / size)[index], row['height'][index], sigmas[index]

    def _rotation(self, sample: PoseDataSample) -> float:
        found = sample.metainfo.get('bbox_rotation')
        if found is None and not self.tells_rotation:
            raise UserValueError(
                'A stored teacher must know how much each sample was rotated. '
                'Keep DatasetCheckHook among custom_hooks, which has the '
                "pipeline tell it, or add 'bbox_rotation' to the meta_keys "
                'of PackPoseInputs.'
            )
        return 0.0 if found is None else float(np.ravel(found)[0])

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

    def _exchanged(self, sample: PoseDataSample, k: int) -> list[int]:
        """For each keypoint, the one that a mirror image has in its place."""
        if not sample.metainfo.get('flip'):
            return [*range(k)]
        own = self.outputs.meta['flip_indices']
        return [*(own or sample.metainfo['flip_indices'])]


def _crop_to_crop(
    sample: PoseDataSample, crop: np.ndarray, size: np.ndarray, rotation: float
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
