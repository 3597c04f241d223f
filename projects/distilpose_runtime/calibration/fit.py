"""How large a model's errors are, told from its sigmas and scores.

N: people. K: keypoints. M: errors along x or y of labelled keypoints.
"""

from typing import NamedTuple

import numpy as np

from ..errors import UserValueError
from ..sigmas import SigmaCalibration

__all__ = ['FEW', 'ONE_SIGMA', 'Errors', 'expect_labels', 'fit']

# The share of a Gaussian that lies within one sigma.
ONE_SIGMA = 0.6827
# Labelled people below which a keypoint has no factor of its own.
FEW = 30
# Pixels; logarithms are taken of no less.
LEAST = 1e-3
ITERATIONS = 50


class Errors(NamedTuple):
    """What a model predicted of labelled people, pixels of its input.

    Attributes:
        errors: Predicted less labelled coordinates (N, K, 2), (x, y).
        sigmas: The model's own (N, K, 2), not calibrated.
        scores: Its scores (N, K).
        labelled: Which keypoints have labels, (N, K).
    """

    errors: np.ndarray
    sigmas: np.ndarray
    scores: np.ndarray
    labelled: np.ndarray

    def of(self, people: np.ndarray) -> 'Errors':
        """Those of some of the people."""
        return Errors._make(values[people] for values in self)

    def within(self, sigmas: np.ndarray, times: float) -> np.ndarray:
        """Whether errors are at most so many sigmas (N, K, 2), axis by axis.

        Returns:
            Booleans (N, K, 2). Of Gaussian errors with these sigmas, 0.683
            are true for 1 sigma, 0.954 for 2 and 0.997 for 3.
        """
        return np.abs(self.errors) <= times * sigmas


def fit(given: Errors) -> tuple[SigmaCalibration, np.ndarray]:
    """Fit a calibration to errors.

    First ``power`` and ``rate``: the mean size of an error along an axis is
    level * sigma ** power * exp(-rate * score), with a level for each
    keypoint. Errors are taken for exponentially distributed around that, as
    their tails are heavier than a Gaussian's. A power or rate below 0 is set
    to 0. Then the factors: of each keypoint, 68.27 % of the errors along x
    and y must lie within the calibrated sigma of their axis. So factors
    do not depend on the tails.

    Args:
        given: Errors of people.

    Returns:
        The calibration, and for each keypoint (K,) whether it has too few
        labels (``FEW``) and so the factor of all keypoints together.

    Raises:
        ValueError: All keypoints together have too few labels.
    """
    expect_labels(given)
    counts = given.labelled.sum(0)
    errors = np.abs(given.errors[given.labelled]).ravel().clip(LEAST)
    columns = np.stack(
        [
            np.log(given.sigmas[given.labelled].clip(LEAST)).ravel(),
            -given.scores[given.labelled].clip(0).repeat(2),
        ]
    ).astype(float)
    keypoints = np.nonzero(given.labelled)[1].repeat(2)
    power, rate = _slopes(errors, columns, keypoints)
    ratios = errors / np.exp(power * columns[0] + rate * columns[1])
    factors = np.full(len(counts), np.quantile(ratios, ONE_SIGMA))
    for k in np.flatnonzero(counts >= FEW):
        factors[k] = np.quantile(ratios[keypoints == k], ONE_SIGMA)
    return SigmaCalibration(factors.tolist(), power, rate), counts < FEW


def expect_labels(given: Errors) -> None:
    """See that there are labels to fit to, or to judge by.

    Raises:
        ValueError: There are too few.
    """
    number = given.labelled.sum()
    if number < FEW:
        raise UserValueError(
            f'Only {number} keypoints with labels in one half of the '
            f'pictures, expected {FEW} or more. Give more labelled pictures.'
        )


def _slopes(
    errors: np.ndarray, columns: np.ndarray, keypoints: np.ndarray
) -> list[float]:
    """What ``_regress`` gives, with 0 in the place of what is below 0."""
    used = np.ones(len(columns))
    while True:
        slopes = used * _regress(errors, columns * used[:, None], keypoints)
        if (slopes >= 0).all():
            return np.abs(slopes).tolist()  # no -0.0
        used[slopes < 0] = 0


def _regress(
    errors: np.ndarray, columns: np.ndarray, keypoints: np.ndarray
) -> np.ndarray:
    """Slopes of the logarithm of the mean error in columns.

    A gamma regression with a logarithmic link and a level for each keypoint,
    by iterated least squares, whose weights are all 1 with this link.

    Args:
        errors: Sizes of errors (M,).
        columns: What explains them, (C, M).
        keypoints: Of which keypoint each error is, (M,).
    """

    def level(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(keypoints, values)
        return (sums / np.bincount(keypoints).clip(1))[keypoints]

    columns = columns - np.stack([level(x) for x in columns])
    columns[np.ptp(columns, axis=1) < LEAST] = 0  # the same for everybody
    slopes = np.zeros(len(columns))
    logs = np.log(level(errors))
    for _ in range(ITERATIONS):
        wanted = logs + errors / np.exp(logs) - 1
        levels, before = level(wanted), slopes
        slopes = np.linalg.lstsq(columns.T, wanted - levels, rcond=None)[0]
        logs = levels + slopes @ columns
        if np.abs(slopes - before).max() < LEAST:
            break
    return slopes
