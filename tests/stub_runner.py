"""In place of MMEngine's runner: trains nothing, and writes what it would."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from distilpose_demo import training


class StubRunner:
    """A runner whose epochs have two steps, each validated.

    Attributes of the class, which the fixture makes anew for every test:
        calls: Of each call ``train`` or ``test`` and the config.
        stop: Called with the config and the epoch, or ``None`` in a test,
            before an epoch is complete; may raise.
        metrics: Made of the config and the epoch.
    """

    max_iters = property(lambda self: 2 * self.epochs)

    def __init__(self, config):
        self.config = config
        self.folder = Path(config.work_dir)
        self.epochs = config.train_cfg.max_epochs
        self.epoch, self.hooks = 0, []

    @classmethod
    def from_cfg(cls, config):
        return cls(config)

    @property
    def iter(self):
        return 2 * self.epoch

    def register_hook(self, hook, priority):
        self.hooks.append(hook)

    def train(self):
        self.calls.append(('train', self.config))
        (hook,) = self.hooks
        last = self.folder / 'last_checkpoint'
        if self.config.get('resume') and last.exists():
            self.epoch = int(last.read_text())
        hook.before_train(self)
        while self.epoch < self.epochs:
            type(self).stop(self.config, self.epoch + 1)
            for step in range(2):
                hook.after_train_iter(self, step, outputs=dict(loss=0.5))
            self.epoch += 1
            checkpoint = self.folder / f'epoch_{self.epoch}.pth'
            checkpoint.write_text('weights')
            last.write_text(str(self.epoch))
            metrics = type(self).metrics(self.config, self.epoch)
            hook.after_val_epoch(self, metrics)

    def test(self):
        self.calls.append(('test', self.config))
        type(self).stop(self.config, None)
        return type(self).metrics(self.config, self.epochs)


@pytest.fixture
def runner(monkeypatch):
    """Put a stub in place of the runner, and give its class."""

    class Stub(StubRunner):
        calls = []
        stop = staticmethod(lambda config, epoch: None)
        metrics = staticmethod(lambda config, epoch: {'coco/AP': 0.1 * epoch})

    monkeypatch.setattr(
        training, 'Runner', SimpleNamespace(from_cfg=Stub.from_cfg)
    )
    return Stub
