"""Shares and ranks that the table and the diagram show."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from distilpose_runtime.calibration.fit import Errors
from distilpose_runtime.calibration.report import LEVELS, observed, rows


def test_rows_and_curve():
    """Gaussian errors of the second keypoint, some without labels."""
    rng = np.random.default_rng(0)
    sigmas = rng.integers(1, 4, (3000, 3, 1)).repeat(2, -1).astype(float)
    errors = rng.standard_normal((3000, 3, 2)) * sigmas
    errors[:, 0] *= 2
    labelled = rng.random((3000, 3)) < [0.5, 1, 0]
    given = Errors(errors, sigmas, sigmas[..., 0], labelled)
    first, second, every = rows(given, sigmas, ['a', 'b', 'c'])
    assert (first.name, second.name, every.name) == ('a', 'b', 'all')
    assert first.labels == labelled[:, 0].sum() and second.labels == 3000
    assert first.within == pytest.approx((0.383, 0.683), abs=0.03)
    assert second.within == pytest.approx((0.683, 0.954), abs=0.015)
    distances = np.hypot(*errors[:, 1].T)
    ranks = spearmanr(sigmas[:, 1, 0], distances)  # with ties
    assert second.rank == pytest.approx(ranks.statistic, abs=1e-9)
    assert second.distance == pytest.approx(np.median(distances))
    assert every.labels == first.labels + second.labels
    alone = given._replace(labelled=labelled & (np.arange(3) == 1))
    np.testing.assert_allclose(observed(alone, sigmas), LEVELS, atol=0.02)
    (same, _) = rows(alone, np.ones_like(sigmas), ['a', 'b', 'c'])
    assert np.isnan(same.rank)
