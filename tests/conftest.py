import os
from functools import cache

import mmengine.config.config
import mmengine.config.utils
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from distilpose_demo.dataset import make_dataset

from .file_server import server  # noqa: F401
from .stub_runner import runner  # noqa: F401

if 'PYTEST_XDIST_WORKER' in os.environ:
    # As many processes as cores do the rest; commands that tests run, too.
    torch.set_num_threads(1)
    os.environ.setdefault('OMP_NUM_THREADS', '1')


@pytest.fixture(autouse=True, scope='session')
def _configs_written_fast():
    """MMEngine has yapf format each config that a training run writes.

    That takes seconds, more than the short runs of these tests.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Config,
            'pretty_text',
            property(
                lambda self: ''.join(
                    f'{key} = {value!r}\n'
                    for key, value in self.to_dict().items()
                )
            ),
        )
        yield


@pytest.fixture(autouse=True, scope='session')
def _configs_read_fast():
    """For each base of MMPose's that a config names, MMEngine reads all 148
    metafiles of MMPose, and asks pip's records whether it is installed.

    That is two thirds of the time of reading a config.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (mmengine.config.utils, 'load'),
            (mmengine.config.config, 'is_installed'),
        ):
            patch.setattr(module, name, cache(getattr(module, name)))
        yield


@pytest.fixture
def log(caplog):
    """What MMEngine's logger says."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    caplog.set_level('INFO', logger=logger.name)
    yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def no_home(monkeypatch):
    """As in a container with a user that it does not know."""

    def unknown(number):
        raise KeyError('getpwuid(): uid not found')

    monkeypatch.setattr('pwd.getpwuid', unknown)
    for name in ('HOME', 'TORCH_HOME', 'XDG_CACHE_HOME'):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope='session')
def pictures(tmp_path_factory):
    """A folder with 24 + 8 drawn pictures in COCO's layout."""
    folder = tmp_path_factory.mktemp('pictures') / 'data'
    return make_dataset(folder, num_train=24, num_val=8, progress=False)
