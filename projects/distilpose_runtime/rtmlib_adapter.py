"""An exported model as a pose class of rtmlib.

rtmlib's detectors, trackers and solutions work with it::

    import rtmlib
    from distilpose_runtime.rtmlib_adapter import register

    register()
    people = rtmlib.Custom(
        det_class='YOLOX', det='yolox.onnx',
        pose_class='DistilPose', pose='student.onnx')
    keypoints, scores = people(image)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .boxes import box_faults
from .errors import UserValueError
from .estimator import PoseEstimator

__all__ = ['DistilPose', 'register']

# What rtmlib calls devices, where this package calls them otherwise.
DEVICES = {'mps': 'coreml'}


class DistilPose:
    """Finds keypoints as rtmlib's ``RTMPose`` does, all people in one run.

    Args:
        onnx_model: A model that ``distilpose export`` wrote.
        model_input_size, mean, std: rtmlib passes them; the model's file says
            what they are.
        to_openpose: Whether to turn COCO's 17 keypoints into OpenPose's 18.
        backend: ``'onnxruntime'``; there is no other.
        device: ``'cpu'``, ``'cuda'``, ``'rocm'`` or ``'mps'``.

    Raises:
        ValueError: The backend is another one, or the file is no model of
            ours.
    """

    def __init__(
        self,
        onnx_model: str,
        model_input_size: Any = None,
        mean: Any = None,
        std: Any = None,
        to_openpose: bool = False,
        backend: str = 'onnxruntime',
        device: str = 'cpu',
    ) -> None:
        if backend != 'onnxruntime':
            raise UserValueError(
                f'The backend is "{backend}", but DistilPose runs by ONNX '
                "Runtime alone. Give backend='onnxruntime'."
            )
        self.model = PoseEstimator(onnx_model, DEVICES.get(device, device))
        self.to_openpose = to_openpose

    def __call__(
        self, image: np.ndarray, bboxes: np.ndarray | Sequence = ()
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of all people.

        Args:
            image: Image (height, width, 3), BGR, 8 bits.
            bboxes: Boxes (N, 4), (x1, y1, x2, y2). Without any, rtmlib's own
                class takes the whole image for a person; this one does not.

        Returns:
            Keypoints (N, K, 2) in pixels of the image and scores (N, K). A
            box that holds no part of the image, as trackers make them of
            people who leave it, has zeros for both.
        """
        boxes = np.asarray(bboxes, np.float32).reshape(-1, 4)
        faults = box_faults(image, boxes)
        good = [i for i in range(len(boxes)) if i not in faults]
        poses = self.model(image, boxes[good])
        k = len(poses.names)
        keypoints = np.zeros((len(boxes), k, 2), np.float32)
        scores = np.zeros((len(boxes), k), np.float32)
        keypoints[good], scores[good] = poses.keypoints, poses.scores
        if self.to_openpose:
            from rtmlib.tools.pose_estimation.post_processings import (
                convert_coco_to_openpose,
            )

            return convert_coco_to_openpose(keypoints, scores)
        return keypoints, scores


def register() -> None:
    """Let rtmlib find the class by its name, for ``rtmlib.Custom``."""
    import rtmlib

    rtmlib.DistilPose = DistilPose
