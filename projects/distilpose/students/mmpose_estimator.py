"""Predictions of a model that is still in MMPose.

N: people. K: keypoints.
"""

from collections.abc import Sequence

import numpy as np
import torch
from mmpose.apis import inference_topdown

from distilpose_runtime import Poses
from distilpose_runtime.errors import UserValueError

from ..keypoints.metainfo import drawing_of, predicted_metainfo
from ..zoo.build import load_model
from ..zoo.find import read_config
from .origin import origin

__all__ = ['MMPoseEstimator', 'expect_device']


class MMPoseEstimator:
    """A config and its checkpoint, used as a ``PoseEstimator`` is.

    The config of a top-down model is a file or a name, the device one of
    PyTorch's, and ``batch`` the largest number of people in one run.

    Raises:
        FileNotFoundError: There is no such config or checkpoint.
        ValueError: The config cannot be read or does not describe its
            keypoints, or there is no such device.
        CheckpointError: The checkpoint cannot be read, or is of another model.
    """

    def __init__(
        self, config: str, checkpoint: str, device: str, batch: int = 32
    ) -> None:
        expect_device(device)
        settings = read_config(config, with_mmpose=True)
        self.model = load_model(settings, checkpoint).to(device)
        metainfo = predicted_metainfo(settings, self.model)
        # MMPose's inference reads both there.
        self.model.cfg = settings  # type: ignore[assignment]
        self.model.dataset_meta = metainfo  # type: ignore[assignment]
        self.batch = batch
        self._about = drawing_of(metainfo)
        self.about = dict(
            config=config,
            checkpoint=checkpoint,
            runs_on=device,
            **origin(settings, self.model),
        )
        self.names: list[str] = self._about['names']
        self.skeleton: list[tuple[int, int]] = self._about['skeleton']

    def __call__(
        self, image: np.ndarray, boxes: np.ndarray | Sequence
    ) -> Poses:
        """Find keypoints as ``PoseEstimator`` does."""
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        # Without boxes, MMPose would take the whole image for a person.
        samples = [
            sample.pred_instances
            for start in range(0, len(boxes), self.batch)
            for sample in inference_topdown(
                self.model, image, boxes[start : start + self.batch]
            )
        ]
        k = len(self.names)
        points = [np.empty((0, k, 2)), *(x.keypoints for x in samples)]
        scores = [np.empty((0, k)), *(x.keypoint_scores for x in samples)]
        return Poses(
            np.concatenate(points).astype(np.float32),
            np.concatenate(scores).astype(np.float32),
            sigmas=None,
            boxes=boxes,
            **self._about,
        )


def expect_device(device: str) -> None:
    """See that PyTorch can use a device here.

    Raises:
        ValueError: It cannot.
    """
    try:
        torch.zeros(1, device=device)
    # PyTorch without CUDA has an AssertionError for it.
    except (AssertionError, NotImplementedError, RuntimeError) as error:
        reason = (str(error).splitlines() or [''])[0][:200]
        raise UserValueError(
            f'PyTorch cannot use the device "{device}" here ({reason}). '
            'Choose cpu, or one that `distilpose env` lists.'
        ) from error
