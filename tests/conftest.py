import pytest

from distilpose.demo.dataset import make_dataset

from .stub_runner import runner  # noqa: F401


@pytest.fixture(scope='session')
def pictures(tmp_path_factory):
    """A folder with 24 + 8 drawn pictures in COCO's layout."""
    folder = tmp_path_factory.mktemp('pictures') / 'data'
    return make_dataset(folder, num_train=24, num_val=8, progress=False)
