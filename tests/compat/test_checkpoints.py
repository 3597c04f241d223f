"""PyTorch's safe loading takes what MMEngine's checkpoints hold, no more."""

import io
from pathlib import Path

import mmpose
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.optim import OneCycleLR, OneCycleParamScheduler
from mmengine.runner import load_checkpoint
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from distilpose import compat

from ..limits import numpy_in_checkpoints

DESCRIPTIONS = Path(mmpose.__file__).parent / '.mim/configs/_base_/datasets'


def load(value):
    """Save and load."""
    file = io.BytesIO()
    torch.save(dict(value=value), file)
    return torch.load(io.BytesIO(file.getvalue()))['value']


class GetAttribute:
    """Unpickled, gives an attribute of something."""

    def __init__(self, owner, name):
        self.arguments = owner, name

    def __reduce__(self):
        return getattr, self.arguments


@numpy_in_checkpoints
class TestSafeLoading:
    def test_was_refused(self):
        torch.serialization.clear_safe_globals()
        try:
            with pytest.raises(Exception, match='HistoryBuffer'):
                load(HistoryBuffer())
        finally:
            assert compat.allow_mmengine_checkpoints()

    def test_metainfo_of_every_dataset(self):
        """As MMEngine writes it: in the meta, and in the message hub."""
        for file in sorted(DESCRIPTIONS.glob('*.py')):
            metainfo = parse_pose_metainfo(dict(from_file=str(file)))
            hub = MessageHub(f'{file}')
            hub.update_scalar('loss', 0.5)
            hub.update_info('dataset_meta', metainfo)
            meta = dict(dataset_meta=metainfo, epoch=1, seed=None)
            meta, hub = load((meta, hub.state_dict()))
            assert hub['log_scalars']['loss'].current() == 0.5
            for found in (meta, hub['runtime_info']):
                assert repr(found['dataset_meta']) == repr(metainfo), file

    @pytest.mark.parametrize('value', [
        np.array([]), np.zeros((0, 3), np.uint8), np.array([b'nose']),
        np.array(['left_eye', 'nose']),
        np.zeros(2, [('x', '<f4'), ('y', '>f8')]),
        np.array(['2026-11-25'], 'datetime64[D]'), np.float16(1), np.int64(3),
        np.bool_(True), np.str_('AP'), 1j, float('nan'),
        b'', frozenset(), frozenset('a'), {1, 2},
    ], ids=repr)  # fmt: skip
    def test_data_of_any_type(self, value):
        loaded = load(value)
        assert type(loaded) is type(value)
        np.testing.assert_array_equal(loaded, value)

    @pytest.mark.parametrize('curve', ['cos', 'linear'])
    def test_one_cycle_schedule(self, curve):
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        settings = dict(eta_max=0.1, total_steps=9, anneal_strategy=curve)
        state = OneCycleLR(optimizer, **settings).state_dict()
        assert load(state) == state

    def test_getattr_reaches_nothing_else(self):
        assert load(GetAttribute(HistoryBuffer, 'max')) is HistoryBuffer.max
        for owner, name in (
            (HistoryBuffer, '__init__'),
            (HistoryBuffer, 'register_statistics'),
            (OneCycleParamScheduler, '_get_value'),
            (HistoryBuffer.max, '__globals__'),
        ):
            with pytest.raises(Exception, match='refused|Unsupported'):
                load(GetAttribute(owner, name))


def test_checkpoint_that_mmengine_cannot_read_is_named(tmp_path):
    model = torch.nn.Linear(1, 1)
    file = tmp_path / 'epoch_1.pth'
    with pytest.raises(FileNotFoundError, match='epoch_1.pth.*looked from'):
        load_checkpoint(model, str(file))
    torch.save(model.state_dict(), file)
    with pytest.raises(FileNotFoundError, match='folder: epoch_1.pth.'):
        load_checkpoint(model, str(tmp_path / 'best.pth'))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match='epoch_1.pth" cannot be read'):
        load_checkpoint(model, str(file))
