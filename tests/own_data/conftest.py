from functools import cache

import pytest

from .dialects import cvat


@pytest.fixture(scope='session')
def exported(tmp_path_factory):
    """Call it with a dialect for its files, which are not to be changed."""
    return cache(lambda tool: tool(tmp_path_factory.mktemp('files')))


@pytest.fixture(scope='session')
def files(exported):
    return exported(cvat)
