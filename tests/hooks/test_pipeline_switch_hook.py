"""The last epochs on another pipeline."""

from types import SimpleNamespace

import pytest
from mmengine.logging import MMLogger
from torch.utils.data import DataLoader, Dataset

from distilpose.hooks import PipelineSwitchHook


class Numbers(Dataset):
    def __init__(self):
        self.pipeline = lambda x: 10 * x

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.pipeline(index)


@pytest.mark.parametrize('start, seen', [(0, [10, 10, 1, 1]), (2, [1, 1])])
@pytest.mark.parametrize('workers', [0, 1])
def test_from_its_epoch_on(workers, start, seen):
    """Workers that persist see it, too, and so does a run resumed later."""
    hook = PipelineSwitchHook(2, [])
    loader = DataLoader(
        Numbers(), num_workers=workers, persistent_workers=workers > 0
    )
    runner = SimpleNamespace(
        train_dataloader=loader, logger=MMLogger.get_current_instance()
    )
    found = []
    for epoch in range(start, 4):
        runner.epoch = epoch
        hook.before_train_epoch(runner)
        iterator = loader._iterator
        found.append([*loader][-1])
        if epoch == 3 and workers:
            assert loader._iterator is iterator, 'new workers each epoch'
    assert found == seen
