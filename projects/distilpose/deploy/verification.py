"""Comparing an exported file with what MMPose itself predicts.

N: batch. K: keypoints. H, W: height and width of a crop, pixels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.models import TopdownPoseEstimator
from mmpose.structures import PoseDataSample

from distilpose_runtime import PoseEstimator
from distilpose_runtime.errors import UserValueError

from .student import ExportedStudent

__all__ = ['BATCHES', 'Batch', 'Difference', 'compare', 'predict', 'split']

BATCHES = (1, 2, 5)


class Batch(NamedTuple):
    """Crops, and what PyTorch predicts of them.

    Attributes:
        crops: Crops (N, H, W, 3), BGR, 8 bits.
        images: The same as the data preprocessor gives them, (N, 3, H, W).
        coords: Coordinates (N, K, 2), pixels of the crops.
        scores: Scores (N, K).
        sigmas: Sigmas (N, K, 2), pixels of the crops, or None.
    """

    crops: np.ndarray
    images: np.ndarray
    coords: np.ndarray
    scores: np.ndarray
    sigmas: np.ndarray | None


class Difference(NamedTuple):
    """Largest differences of an exported file from PyTorch.

    NaN where one of both is not finite.

    Attributes:
        coords: Of coordinates, pixels of the crop.
        scores: Of scores.
        sigmas: Of sigmas, pixels of the crop; 0 for a model without.
    """

    coords: float
    scores: float
    sigmas: float

    def __str__(self) -> str:
        return (
            f'keypoints {self.coords:.2g} px, scores {self.scores:.2g}, '
            f'sigmas {self.sigmas:.2g} px'
        )


def split(crops: np.ndarray) -> list[np.ndarray]:
    """Batches of 1, 2 and 5 crops, from the first on and round again."""
    return [np.resize(crops, (n, *crops.shape[1:])) for n in BATCHES]


def predict(
    model: TopdownPoseEstimator,
    crops: np.ndarray,
    flip_indices: Sequence[int],
    flip_test: bool,
) -> Batch:
    """Predict crops by MMPose's own way, from bytes to decoded keypoints.

    Args:
        model: The estimator, as it was built; ``test_cfg.flip_test`` is set.
        crops: Crops (N, H, W, 3), BGR, 8 bits.
        flip_indices: The keypoint that each is in a mirror image.
        flip_test: Whether to predict the mirror image, too.
    """
    model.test_cfg = {**(model.test_cfg or {}), 'flip_test': flip_test}
    size = crops.shape[2], crops.shape[1]
    data = model.data_preprocessor(
        dict(
            inputs=[*torch.from_numpy(crops).permute(0, 3, 1, 2)],
            data_samples=[_sample(size, flip_indices) for _ in crops],
        )
    )
    # MMPose gives no sigmas.
    student = ExportedStudent(model, size, flip_indices if flip_test else None)
    with torch.inference_mode():
        found = [
            sample.pred_instances
            for sample in model.predict(data['inputs'], data['data_samples'])
        ]
        _, _, *sigmas = student(data['inputs'])
    return Batch(
        crops,
        data['inputs'].numpy(),
        coords=np.concatenate([x.keypoints for x in found]),
        scores=np.concatenate([x.keypoint_scores for x in found]),
        sigmas=sigmas[0].numpy() if sigmas else None,
    )


def compare(model: PoseEstimator, expected: Sequence[Batch]) -> Difference:
    """Compare a file with PyTorch, over all batches.

    Raises:
        ValueError: They do not predict as many keypoints as the file says.
    """
    largest = np.zeros(3)
    for batch in expected:
        found = model.run(
            batch.crops if model.info.raw_images else batch.images
        )
        shape = len(batch.crops), len(model.info.names), 2
        if found['coords'].shape != shape or batch.coords.shape != shape:
            raise UserValueError(
                f'PyTorch predicts keypoints of shape {batch.coords.shape} '
                f'and the exported model of {found["coords"].shape}, but the '
                f'dataset has {len(model.info.names)} keypoints. Remove '
                'output_keypoint_indices from model.test_cfg, or describe '
                "the model's keypoints in model.metainfo."
            )
        largest = np.maximum(  # which keeps NaN
            largest,
            [
                0.0 if value is None else np.abs(found[name] - value).max()
                for name, value in (
                    ('coords', batch.coords),
                    ('scores', batch.scores),
                    ('sigmas', batch.sigmas),
                )
            ],
        )
    return Difference(*largest.tolist())


def _sample(
    size: tuple[int, int], flip_indices: Sequence[int]
) -> PoseDataSample:
    """A sample whose image is its crop."""
    width_height = np.array(size, np.float32)
    sample = PoseDataSample(
        metainfo=dict(
            input_size=size,
            input_center=width_height / 2,
            input_scale=width_height,
            flip_indices=[*flip_indices],
        )
    )
    sample.gt_instances = InstanceData(
        bboxes=np.zeros((1, 4), np.float32),
        bbox_scores=np.ones(1, np.float32),
    )
    return sample
