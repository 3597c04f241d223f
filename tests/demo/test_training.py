"""Training runs that go on where they stopped."""

import pytest
from mmengine.config import Config
from mmengine.logging import print_log

from distilpose.zoo.find import find_config
from distilpose_demo import training
from distilpose_demo.training import Training

from ..training import runs

PLAIN = 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'


@pytest.fixture
def one(tmp_path):
    config = Config.fromfile(find_config(PLAIN))
    config.train_cfg.max_epochs = 3
    return Training('plain', config, tmp_path / 'plain')


def test_validations_of_every_epoch_are_kept(one, runner):
    assert one.run() == {'coco/AP': pytest.approx(0.3)}
    found = {epoch: m['coco/AP'] for epoch, m in one.validations.items()}
    assert found == pytest.approx({1: 0.1, 2: 0.2, 3: 0.3})
    ((_, config),) = runner.calls
    assert config.work_dir == str(one.folder)
    one.run()
    assert len(runner.calls) == 1, 'what is complete is not repeated'


def test_goes_on_where_it_was_interrupted(one, runner):
    """And starts once from a checkpoint, without its schedule."""

    def interrupt(config, epoch):
        if epoch == 2:
            raise KeyboardInterrupt

    one.config.load_from = 'start.pth'
    runner.stop = staticmethod(interrupt)
    with pytest.raises(KeyboardInterrupt):
        one.run()
    assert [*one.validations] == [1]
    epochs = []
    runner.stop = staticmethod(lambda config, epoch: epochs.append(epoch))
    one.run()
    assert epochs == [2, 3]
    starts = [(c.get('resume'), c.load_from) for _, c in runner.calls]
    assert starts == [(False, 'start.pth'), (True, None)]


def test_killed_in_the_last_validation(one, runner):
    """Nothing is left to train: the checkpoint is validated by a test."""
    one.config.val_dataloader.dataset.data_root = 'there/'
    one.config.val_evaluator.ann_file = 'there/val.json'
    one.claim()
    one.checkpoint.write_text('weights')
    assert one.run() == {'coco/AP': pytest.approx(0.3)}
    ((call, config),) = runner.calls
    assert call == 'test' and config.load_from == str(one.checkpoint)
    assert config.test_dataloader.dataset.data_root == 'there/'
    assert config.test_evaluator.ann_file == 'there/val.json'


@pytest.mark.parametrize('kept', ['epoch_1.pth', None])
def test_mended_after_it_failed(kept, one, runner):
    """Before the first checkpoint, there is nothing to lose."""

    def fail(config, epoch):
        print('about to fail')  # noqa: T201
        raise ValueError('no such backbone')

    runner.stop = staticmethod(fail)
    with pytest.raises(RuntimeError, match='plain failed: no such backbone'):
        one.run()
    log = (one.folder / 'output.log').read_text()
    assert 'about to fail' in log and 'Traceback' in log
    runner.stop = staticmethod(lambda config, epoch: None)
    one.config.optim_wrapper.optimizer.lr = 9
    if kept:
        (one.folder / kept).write_text('weights')
        with pytest.raises(RuntimeError, match='run with another config'):
            one.run()
    else:
        assert one.run() == {'coco/AP': pytest.approx(0.3)}


@pytest.mark.parametrize('content', [b'{"1', b'\xff', b'[]'])
def test_damaged_file_is_named(content, one, runner):
    one.run()
    (one.folder / 'validations.json').write_bytes(content)
    with pytest.raises(RuntimeError, match='validations.json is damaged'):
        one.run()


@pytest.mark.parametrize('epochs', [None, 'abc', 0])
def test_without_epochs(epochs, one):
    one.config.train_cfg.max_epochs = epochs
    with pytest.raises(ValueError, match='max_epochs=.*Set it to 1 or more'):
        one.epochs  # noqa: B018
    one.config.train_cfg = None
    with pytest.raises(ValueError, match='max_epochs=None'):
        one.epochs  # noqa: B018


def test_with_the_real_runner(pictures, tmp_path, capfd, monkeypatch):
    """Interrupted in the second epoch, it goes on with the second epoch.

    Both runs begin in the same second, as they may on a fast machine.
    """
    monkeypatch.setattr('mmengine.runner.runner.time.strftime', lambda *_: '0')
    config = runs.config(pictures, tmp_path, '_no-distill')
    config.train_dataloader.dataset.indices = 16
    config.val_dataloader.dataset.indices = 4
    one = Training('one', config, tmp_path / 'one')

    class Stop(training._Progress):
        def before_train_epoch(self, real):
            if real.epoch == 1:
                raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, '_Progress', Stop)
        with pytest.raises(KeyboardInterrupt):
            one.run()
    assert not one.validations and not one.checkpoint.exists()
    metrics = one.run()
    assert one.validations == {2: metrics} and 'coco/AP' in metrics
    assert one.checkpoint.is_file()
    log = (one.folder / 'output.log').read_text()
    assert 'Epoch(train)' in log and 'resumed epoch: 1' in log
    print_log('after the run', 'current')
    shown = capfd.readouterr()
    assert 'mmengine' not in shown.out, 'the log has what MMEngine prints'
    assert '4/4' in shown.err and 'epoch 2: coco/AP' in shown.err
    assert 'closed file' not in shown.err
