"""Comparing an exported file with what MMPose itself predicts.

N: batch. K: keypoints. H, W: height and width of a crop, pixels.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmpose.codecs import UDPHeatmap
from mmpose.structures import PoseDataSample

from distilpose_runtime import PoseEstimator

from ..heads.maps import Maps
from .student import ExportedStudent

__all__ = [
    'PIXELS',
    'SCORE',
    'Batch',
    'Difference',
    'compare',
    'predict',
    'random_crops',
]

BATCHES = (1, 2, 5)
# Largest differences from PyTorch that float32 may have.
PIXELS, SCORE = 0.05, 1e-3
# Rounding changes a map by this share of its maximum. So many random changes
# are tried to see how far a keypoint moves.
ROUNDING, DRAWS = 1e-5, 16


class Batch(NamedTuple):
    """Crops, and what PyTorch predicts of them, in pixels of the crops."""

    crops: np.ndarray  # (N, H, W, 3), BGR, 8 bits
    images: np.ndarray  # the same, preprocessed, (N, 3, H, W)
    coords: np.ndarray  # (N, K, 2)
    scores: np.ndarray  # (N, K)
    sigmas: np.ndarray | None  # (N, K, 2)
    moves: np.ndarray  # how far rounding may move coords, (N, K, 2)


class Difference(NamedTuple):
    """Largest differences of an exported file from PyTorch.

    They are NaN where one of both is not finite. A keypoint is tied where its
    place depends on rounding: two bins are equally high, or the top of a
    heatmap is flat.
    """

    coords: float  # pixels of the crop, of keypoints that are not tied
    scores: float  # relative where they are above 1
    sigmas: float  # pixels of the crop; 0 for a model without
    tied_coords: float  # pixels of the crop, of those that are
    tied: int  # how many keypoints are elsewhere, and may be
    keypoints: int  # how many there are

    def __str__(self) -> str:
        text = (
            f'keypoints {self.coords:.2g} px, scores {self.scores:.2g}, '
            f'sigmas {self.sigmas:.2g} px'
        )
        if self.tied:
            text += (
                f'; {self.tied} of {self.keypoints} keypoints are tied, and '
                f'moved by up to {self.tied_coords:.2g} px'
            )
        return text


def random_crops(size: tuple[int, int]) -> list[np.ndarray]:
    """Batches of 1, 2 and 5 random crops (N, H, W, 3) of (W, H) pixels."""
    rng = np.random.default_rng(0)
    return [
        rng.integers(0, 256, (n, *size[::-1], 3), dtype=np.uint8)
        for n in BATCHES
    ]


@torch.inference_mode()
def predict(student: ExportedStudent, crops: np.ndarray) -> Batch:
    """Predict crops (N, H, W, 3), BGR, 8 bits, as MMPose does.

    It follows the ``test_cfg`` of the student's estimator. The sigmas alone
    are the student's, as MMPose gives none.
    """
    data = student.model.data_preprocessor(
        dict(
            inputs=[*torch.from_numpy(crops).permute(0, 3, 1, 2)],
            data_samples=[_sample(student) for _ in crops],
        )
    )
    images = data['inputs']
    found = [
        sample.pred_instances
        for sample in student.model.predict(images, data['data_samples'])
    ]
    raw = torch.from_numpy(crops) if student.raw_images else images
    maps = student.maps(raw)
    own = student.decoded(maps) if maps else student.keypoints(raw)
    coords = np.concatenate([x.keypoints for x in found])
    scores = np.concatenate([x.keypoint_scores for x in found])
    if isinstance(getattr(student.head, 'decoder', None), UDPHeatmap):
        # Where no cell is above 0, MMPose refines one that is not there.
        nowhere = (scores <= 0)[..., None]
        coords = np.where(nowhere, own.coords.numpy(), coords)
    return Batch(
        crops,
        images.numpy(),
        coords=coords,
        scores=scores,
        sigmas=None if own.sigmas is None else own.sigmas.numpy(),
        moves=_moves(student, maps, own.coords),
    )


def _moves(
    student: ExportedStudent, maps: Maps, coords: torch.Tensor
) -> np.ndarray:
    """How far keypoints move when their maps change as by rounding."""
    rng = torch.Generator().manual_seed(0)
    moves = torch.zeros_like(coords)
    for _ in range(DRAWS if maps else 0):
        noisy = tuple(
            x
            + ROUNDING
            * x.abs().amax([*range(2, x.ndim)], keepdim=True)
            * torch.randn(x.shape, generator=rng)
            for x in maps
        )
        moved = (student.decoded(noisy).coords - coords).abs()
        moves = torch.maximum(moves, moved)
    return moves.numpy()


def compare(model: PoseEstimator, expected: Sequence[Batch]) -> Difference:
    """Compare a file with PyTorch, over all batches."""
    largest, tied, keypoints = np.zeros(4), 0, 0
    for batch in expected:
        found = model.run(
            batch.crops if model.info.raw_images else batch.images
        )
        apart = np.abs(found['coords'] - batch.coords)
        ties = (apart > PIXELS).any(-1) & (
            apart <= np.maximum(PIXELS, 2 * batch.moves)
        ).all(-1)
        # Logits of rows may be large.
        scores = np.abs(found['scores'] - batch.scores)
        scores = scores / np.abs(batch.scores).clip(1)
        sigmas = np.zeros(1)
        if batch.sigmas is not None:
            sigmas = np.abs(found['sigmas'] - batch.sigmas)
        for i, x in enumerate((apart[~ties], scores, sigmas, apart[ties])):
            # np.maximum keeps NaN, which max does not.
            largest[i] = np.maximum(largest[i], x.max(initial=0.0))
        tied, keypoints = tied + int(ties.sum()), keypoints + ties.size
    coords, scores, sigmas, moved = largest.tolist()
    return Difference(coords, scores, sigmas, moved, tied, keypoints)


def _sample(student: ExportedStudent) -> PoseDataSample:
    """A sample whose image is its crop."""
    width_height = np.array(student.size, np.float32)
    sample = PoseDataSample(
        metainfo=dict(
            input_size=student.size,
            input_center=width_height / 2,
            input_scale=width_height,
            flip_indices=student.flip_indices,
        )
    )
    sample.gt_instances = InstanceData(
        bboxes=np.zeros((1, 4), np.float32), bbox_scores=np.ones(1, np.float32)
    )
    return sample
