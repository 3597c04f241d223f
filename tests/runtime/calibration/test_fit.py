"""Calibrations of simulated errors, whose sizes are known."""

import numpy as np
import pytest

from distilpose_runtime.calibration.fit import FEW, Errors, fit

FACTORS = np.array([0.5, 1.0, 3.0])
N = 4000


def gaussian(rng):
    return rng.standard_normal((N, 3, 2))


def laplace(rng):
    """With 68.27 % within 1, as all of them."""
    return rng.laplace(size=(N, 3, 2)) / -np.log(1 - 0.6827)


def student(rng):
    """Of three degrees of freedom: no fourth moment."""
    return rng.standard_t(3, (N, 3, 2)) / 1.1969


def simulated(draw, power, rate, seed=0):
    """Errors of known size; sigmas differ by axis, labels are missing."""
    rng = np.random.default_rng(seed)
    sigmas = np.exp(rng.normal(1, 0.5, (N, 3, 2)))
    scores = rng.uniform(0, 1, (N, 3))
    size = FACTORS[:, None] * sigmas**power * np.exp(-rate * scores)[..., None]
    labelled = rng.random((N, 3)) < 0.8
    errors = np.where(labelled[..., None], size * draw(rng), 1e6)
    return Errors(errors, sigmas, scores, labelled), size


@pytest.mark.parametrize('draw', [gaussian, laplace, student])
@pytest.mark.parametrize('power, rate', [(1, 0), (0, 3), (0.7, 1.5)])
def test_known_sizes_come_back(draw, power, rate):
    given, size = simulated(draw, power, rate)
    found, few = fit(given)
    assert found.power == pytest.approx(power, abs=0.06)
    assert found.rate == pytest.approx(rate, abs=0.12)
    ratio = found(given.sigmas, given.scores) / size
    np.testing.assert_allclose(ratio.mean((0, 2)), 1, atol=0.06)
    assert ratio.std() < 0.05
    assert not few.any()


def test_what_tells_nothing_is_left_out():
    """Sigmas and scores that rank errors the wrong way, and the same ones."""
    given, _ = simulated(gaussian, -0.5, -1)
    found, _ = fit(given)
    assert (found.power, found.rate) == (0, 0)
    given, _ = simulated(gaussian, -0.5, 1)
    found, _ = fit(given)
    assert found.power == 0 and found.rate == pytest.approx(1, abs=0.1)
    given, _ = simulated(gaussian, 1, 0)
    found, _ = fit(given._replace(scores=np.full((N, 3), 0.3)))
    assert found.power == pytest.approx(1, abs=0.05) and found.rate == 0
    np.testing.assert_allclose(found.factors, FACTORS, rtol=0.06)


def test_few_labels():
    """The last keypoint has the factor of all; fewer in all are refused."""
    given, _ = simulated(gaussian, 1, 0)
    for count in (FEW - 1, FEW):
        given.labelled[:, 2] = np.arange(N) < count
        found, few = fit(given)
        assert few.tolist() == [False, False, count < FEW]
        assert (found.factors[2] > 1.5) == (count == FEW)
    given.labelled[:] = np.arange(3 * N).reshape(N, 3) < 20
    with pytest.raises(ValueError, match='Only 20 keypoints .* 30 or more'):
        fit(given)
