"""Poses for the annotators and metrics of ``supervision``."""

from typing import Any

import numpy as np

from ..errors import UserImportError
from ..poses import Poses

__all__ = ['to_supervision']


def to_supervision(poses: Poses) -> Any:
    """Convert poses of N people to ``supervision.KeyPoints``.

    The keypoints' scores are its ``keypoint_confidence``. Of a model with
    sigmas, ``data['covariance']`` holds covariances (N, K, 2, 2) in pixels of
    the image squared, which ``VertexEllipseAreaAnnotator`` and its relatives
    draw: sigma_x ** 2 and sigma_y ** 2 on the diagonal. It has no field for
    names or a skeleton; an ``EdgeAnnotator`` takes the skeleton as
    ``edges=[(i + 1, j + 1) for i, j in poses.skeleton]``.

    Raises:
        ImportError: supervision is not installed, or is older than 0.29.
    """
    try:
        # The second came with covariances and the names below.
        from supervision import (
            KeyPoints,
            VertexEllipseAreaAnnotator,  # noqa: F401
        )
    except ImportError as error:
        raise UserImportError(
            f'This needs supervision from 0.29 on ({error}). Install it with '
            '`pip install "distilpose[supervision]"`.'
        ) from error
    data: dict[str, Any] = {}
    if poses.sigmas is not None:
        data['covariance'] = poses.sigmas[..., None] ** 2 * np.eye(
            2, dtype=np.float32
        )
    return KeyPoints(
        xy=poses.keypoints,
        class_id=np.zeros(len(poses), int),
        keypoint_confidence=poses.scores,
        data=data,
    )
