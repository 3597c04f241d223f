"""How well stated sigmas agree with errors.

N: people. K: keypoints.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ..estimator import PoseEstimator
from .fit import Errors
from .run import Calibrated

__all__ = ['LEVELS', 'Row', 'observed', 'rows', 'sentences', 'table']

# Shares that are stated, for a curve of those that are observed.
LEVELS = np.arange(1, 20) / 20


class Row(NamedTuple):
    """How well sigmas describe the errors of a keypoint, or of all.

    Attributes:
        name: Of the keypoint.
        labels: How many people have a label of it.
        within: Shares of the errors along x and y within 1 and 2 sigma of
            their axis; of a Gaussian, 0.683 and 0.954.
        rank: Spearman's rank correlation of sigmas and distances.
        distance: Median distance from the label, pixels of the input.
    """

    name: str
    labels: int
    within: tuple[float, float]
    rank: float
    distance: float


def rows(given: Errors, sigmas: np.ndarray, names: list[str]) -> list[Row]:
    """Describe each keypoint that has labels, and all together at the end.

    Args:
        given: Errors of people.
        sigmas: What is stated of them, (N, K, 2).
        names: Of the K keypoints.
    """
    distances = np.hypot(given.errors[..., 0], given.errors[..., 1])
    sizes = np.sqrt(sigmas.prod(-1))
    inside = [given.within(sigmas, times) for times in (1, 2)]
    keypoints = np.arange(len(names))
    parts = [given.labelled & (keypoints == k) for k in keypoints]
    return [
        Row(
            name,
            int(part.sum()),
            (float(inside[0][part].mean()), float(inside[1][part].mean())),
            _rank_correlation(sizes[part], distances[part]),
            float(np.median(distances[part])),
        )
        for name, part in [*zip(names, parts), ('all', given.labelled)]
        if part.any()
    ]


def observed(given: Errors, sigmas: np.ndarray) -> np.ndarray:
    """Shares of errors in the central intervals that should hold ``LEVELS``.

    Args:
        given: Errors of people.
        sigmas: What is stated of them, (N, K, 2), taken for those of
            Gaussians.
    """
    times = [NormalDist().inv_cdf((1 + level) / 2) for level in LEVELS]
    inside = (given.within(sigmas, x)[given.labelled].mean() for x in times)
    return np.array([*inside])


def sentences(found: Calibrated, model: PoseEstimator) -> list[str]:
    """What a user should know of a calibration of a model."""
    power, rate = found.calibration.power, found.calibration.rate
    told = [
        f'Fitted to {found.people} people: factor * sigma^{power:.2f} * '
        f'exp(-{rate:.2f} * score), with a factor for each keypoint.'
    ]
    if model.info.sigma_calibration is not None:
        told.append("The file's earlier calibration is not used.")
    pooled = [name for name, few in zip(model.names, found.few) if few]
    if pooled:
        told.append(
            'For lack of labels, these have the factor of all keypoints '
            f'together: {", ".join(pooled)}.'
        )
    if found.left_out:
        told.append(
            f'{found.left_out} people are left out, whose boxes hold no part '
            'of their picture.'
        )
    if found.resized:
        told.append(
            f'{len(found.resized)} pictures have another size than the file '
            'of labels says: their labels may lie elsewhere, and the sigmas '
            'may be wrong. They may be scaled, or turned by EXIF data. First: '
            f'{found.resized[0]}.'
        )
    return told


def table(
    given: Errors, before: np.ndarray, after: np.ndarray, names: list[str]
) -> list[str]:
    """Lines that compare two kinds of sigmas (N, K, 2) of people."""
    width = max(map(len, (*names, 'keypoint')))
    lines = [
        f'Of {len(before)} other people, before -> after; the median is in '
        'pixels of the input.',
        f'{"keypoint":{width}}  labels  within 1 sigma  within 2 sigma  '
        'rank with error  median error',
    ]
    for old, new in zip(rows(given, before, names), rows(given, after, names)):
        pairs = zip((*old.within, old.rank), (*new.within, new.rank))
        numbers = '  '.join(f'{a:5.2f} -> {b:5.2f}' for a, b in pairs)
        lines.append(
            f'{old.name:{width}}  {old.labels:6}  {numbers}'
            f'  {old.distance:13.2f}'
        )
    return lines


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; NaN where one of both is the same for all."""
    if min(np.ptp(a), np.ptp(b)) == 0:
        return float('nan')
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks; equal values share the mean of theirs."""
    _, index, counts = np.unique(
        values, return_inverse=True, return_counts=True
    )
    return (counts.cumsum() - (counts - 1) / 2)[index]
