"""Fixtures of this folder."""

import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def log(caplog):
    """What MMEngine's logger says."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)
