"""Sigmas that are as large as the errors of labelled people.

N: people. K: keypoints.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ['SigmaCalibration']


class SigmaCalibration(NamedTuple):
    """Turns a model's sigmas and scores into calibrated sigmas.

    The calibrated sigma is factor * sigma ** power * exp(-rate * score), in
    pixels of the model's input as the sigma itself; a score below 0 counts as
    0. Power and rate say how much a model's sigmas and scores tell of its
    errors: with (1, 0), factors alone are left. ``distilpose calibrate`` fits
    all of them.

    Attributes:
        factors: One above 0 for each of the K keypoints.
        power: 0 or more, so that sigmas keep their order.
        rate: 0 or more, so that a higher score never means a larger sigma.
    """

    factors: list[float]
    power: float = 1.0
    rate: float = 0.0

    def __call__(self, sigmas: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Calibrate sigmas (N, K, 2), pixels of the input, by scores (N, K).

        The result has the dtype of the sigmas.
        """
        sizes = np.array(self.factors) * np.exp(
            -self.rate * np.maximum(scores, 0)
        )
        return (sizes[..., None] * sigmas**self.power).astype(sigmas.dtype)

    def is_usable(self, count: int) -> bool:
        """Whether it is one of so many keypoints, and gives numbers."""
        slopes = self.power, self.rate
        return (
            len(self.factors) == count
            and bool(np.isfinite([*self.factors, *slopes]).all())
            and min(self.factors) > 0
            and min(slopes) >= 0
        )

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> 'SigmaCalibration':
        """Read what ``_asdict`` gave."""
        return cls(
            [float(x) for x in found['factors']],
            float(found['power']),
            float(found['rate']),
        )
