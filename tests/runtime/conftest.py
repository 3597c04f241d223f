"""An exported student, and an image."""

import cv2
import numpy as np
import pytest

from .. import exported


@pytest.fixture(scope='session')
def file(tmp_path_factory):
    return exported.export(tmp_path_factory.mktemp('exported'))


@pytest.fixture(scope='session')
def image():
    noise = np.random.default_rng(0).integers(0, 256, (15, 12, 3))
    return cv2.resize(noise.astype(np.uint8), (120, 150))
