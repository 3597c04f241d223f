import os

import pytest
import torch
from mmengine.config import Config

from distilpose_demo.dataset import make_dataset

from .file_server import server  # noqa: F401
from .stub_runner import runner  # noqa: F401

if 'PYTEST_XDIST_WORKER' in os.environ:
    torch.set_num_threads(1)  # as many processes as cores do the rest


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


@pytest.fixture(scope='session')
def pictures(tmp_path_factory):
    """A folder with 24 + 8 drawn pictures in COCO's layout."""
    folder = tmp_path_factory.mktemp('pictures') / 'data'
    return make_dataset(folder, num_train=24, num_val=8, progress=False)
