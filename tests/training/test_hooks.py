"""Our hooks at work in a training."""

import functools
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from distilpose import (
    DistillationVisualizationHook,
    SafeCheckpointHook,
    SeedEpochHook,
)
from distilpose.hooks import safe_checkpoint_hook, seed_epoch_hook
from distilpose.hooks.safe_checkpoint_hook import AtomicBackend

from .. import toys
from ..limits import files_of_at_most
from . import runs


class Stop(Exception):
    pass


@HOOKS.register_module(force=True)
class StopHook(Hook):
    """Ends a training in the middle of an epoch, as a kill would."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.epoch + 1 == self.epoch and batch_idx == 1:
            raise Stop


def three_epochs(pictures, folder, **changes):
    changes = {'train_cfg.max_epochs': 3, **changes}
    return runs.config(pictures, folder, '_no-distill', **changes)


@pytest.fixture
def train(pictures, tmp_path):
    """Train three epochs without workers, or into the epoch `stop`."""

    def train(folder='run', stop=None, **changes):
        cfg = three_epochs(pictures, tmp_path / folder, **changes)
        if stop is not None:
            cfg.custom_hooks.append(dict(type='StopHook', epoch=stop))
            with pytest.raises(Stop):
                runs.train(cfg)
            return None
        return runs.weights(runs.train(cfg))

    return train


@pytest.fixture(scope='module')
def trained(pictures, tmp_path_factory):
    """The runner of three epochs without an interruption."""
    return runs.train(three_epochs(pictures, tmp_path_factory.mktemp('whole')))


@pytest.fixture(scope='module')
def uninterrupted(trained):
    return runs.weights(trained)


def test_epochs_and_ranks_draw_other_numbers(monkeypatch):
    def draw(epoch, rank):
        monkeypatch.setattr(seed_epoch_hook, 'get_rank', lambda: rank)
        runner = SimpleNamespace(seed=5, epoch=epoch)
        SeedEpochHook().before_train_epoch(runner)
        return np.random.random(), torch.rand(1).item()

    assert draw(1, 0) == draw(1, 0)
    assert len({draw(epoch, rank) for epoch in (0, 1) for rank in (0, 1)}) == 4


def test_resumed_ends_in_the_same_weights(train, uninterrupted, tmp_path):
    """Without SeedEpochHook it does not: its augmentations are others.

    In a copied folder, whose own files count, not those at the paths that it
    names, where the old run went on to a higher number.
    """
    train('old', stop=3)
    shutil.copytree(tmp_path / 'old', tmp_path / 'new')
    shutil.copy(tmp_path / 'old/epoch_1.pth', tmp_path / 'old/epoch_9.pth')
    assert runs.equal(train('new', resume=True), uninterrupted)
    assert f'{tmp_path}/new/epoch_2.pth' in log_of(tmp_path / 'new')


def log_of(folder):
    logs = sorted(folder.glob('2*/*.log'))
    return '\n'.join(log.read_text() for log in logs)


def test_a_new_run_in_the_folder_of_another(train, tmp_path):
    """The second says so; neither the first nor one that resumes does."""
    said = []
    for options in ({}, {}, dict(resume=True)):
        train(stop=2, **options)
        said.append(log_of(tmp_path / 'run').count('of an earlier run. This'))
    assert said == [0, 1, 1]


@pytest.mark.parametrize('metric', ['AP', ['AP', 'AR']])
def test_best_checkpoint_is_that_of_the_folder_at_hand(metric, tmp_path):
    """Of a copied folder: the one that it was copied from keeps its own."""
    hook = SafeCheckpointHook(interval=1, save_best=metric, rule='greater')
    name = 'best_ckpt' if metric == 'AP' else 'best_ckpt_AP'
    infos = {name: 'elsewhere/best_AP_epoch_1.pth'}
    runner = SimpleNamespace(
        work_dir=str(tmp_path),
        message_hub=SimpleNamespace(runtime_info=infos, get_info=infos.get),
        logger=SimpleNamespace(info=print),
    )
    hook.before_train(runner)
    expected = str(tmp_path / 'best_AP_epoch_1.pth')
    if metric == 'AP':
        assert hook.best_ckpt_path == expected
    else:
        assert hook.best_ckpt_path_dict == dict(AP=expected, AR=None)


@pytest.mark.parametrize('config, best, said', [
    ('my config.py', 'best 1.pth', "'my config.py' 'best 1.pth'"),
    ('config.py', None, 'config.py epoch_2.pth'),
    (None, 'best.pth', None),  # of a runner without a file to name
])  # fmt: skip
def test_the_log_ends_with_what_comes_next(config, best, said):
    hook = SafeCheckpointHook(interval=1)
    hook.last_ckpt, hook.best_ckpt_path = 'epoch_2.pth', best
    lines = []
    log = SimpleNamespace(info=lambda text, *values: lines.append(values))
    cfg = SimpleNamespace(filename=config)
    hook.after_train(SimpleNamespace(cfg=cfg, logger=log))
    assert lines == ([(said,)] if said else [])


def test_folder_whose_name_mmengine_cannot_write_down(train):
    """Before the first epoch, not after it."""
    with pytest.raises(ValueError, match='is not UTF-8, and MMEngine writes'):
        train(folder='caf\udce9')


def damage(file):
    file.write_bytes(file.read_bytes()[:-1000])


def test_damaged_checkpoint_is_named_and_passed_over(
    train, uninterrupted, tmp_path
):
    """In a folder of its own, too, which is not the log's."""
    elsewhere = {'default_hooks.checkpoint.out_dir': str(tmp_path / 'out')}
    train(stop=3, **elsewhere)
    second = tmp_path / 'out/run/epoch_2.pth'
    damage(second)
    assert runs.equal(train(resume=True, **elsewhere), uninterrupted)
    log = log_of(tmp_path / 'run')
    assert f'Damaged checkpoint, not written to its end: {second}' in log
    assert 'resumed epoch: 1' in log


@pytest.fixture
def written(tmp_path):
    """Checkpoints as a run of two epochs leaves them; give the hook's part."""
    for epoch in (1, 2):
        torch.save(dict(a=torch.zeros(999)), tmp_path / f'epoch_{epoch}.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_2.pth'))

    def find(**settings):
        warnings = []
        log = SimpleNamespace(warning=lambda _, x, to: warnings.append(x))
        runner = SimpleNamespace(
            work_dir=str(tmp_path), _resume=True, _load_from=None, logger=log
        )
        SafeCheckpointHook(interval=1, **settings).before_run(runner)
        return runner._load_from and Path(runner._load_from).name, warnings

    return find


@pytest.mark.parametrize('fault, used, is_named', [
    (lambda file: None, 'epoch_2.pth', False),
    (damage, 'epoch_1.pth', True),
    (lambda file: file.write_bytes(b''), 'epoch_1.pth', True),
    (Path.unlink, 'epoch_1.pth', False),
    (lambda file: file.with_name('last_checkpoint').write_text(''),
     'epoch_2.pth', False),
    (lambda file: file.with_name('last_checkpoint').write_text('gone/a.pth'),
     'epoch_2.pth', False),
])  # fmt: skip
def test_what_is_resumed(fault, used, is_named, written, tmp_path):
    second = tmp_path / 'epoch_2.pth'
    fault(second)
    assert written() == (used, [str(second)] if is_named else [])


def test_no_intact_checkpoint(written, tmp_path):
    for file in tmp_path.glob('*.pth'):
        damage(file)
    with pytest.raises(RuntimeError, match='epoch_1.pth not there or'):
        written()
    latest = tmp_path / 'latest.pth'
    latest.write_bytes(b'')
    (tmp_path / 'last_checkpoint').write_text(str(latest))
    for _ in ('empty', 'gone'):
        with pytest.raises(RuntimeError, match='latest.pth not there or'):
            written(filename_tmpl='latest.pth')
        latest.unlink(missing_ok=True)
    (tmp_path / 'last_checkpoint').unlink()
    assert written(filename_tmpl='latest.pth') == (None, [])  # begins anew


def test_local_files_are_written_in_whole():
    whole, local = dict(backend='distilpose-atomic'), dict(backend='local')
    for arguments, backend_args in (
        ({}, whole),
        (dict(out_dir='folder'), whole),
        (dict(out_dir='s3://bucket/folder'), None),
        (dict(backend_args=local), local),
    ):
        hook = SafeCheckpointHook(interval=1, **arguments)
        assert hook.backend_args == backend_args


def test_writing_leaves_other_files_alone(tmp_path):
    """And what an earlier kill left of the same file does not stay."""
    users = tmp_path / 'epoch_1.pth.partial'
    users.write_bytes(b'precious')
    (tmp_path / '.epoch_1.pth.partial').write_bytes(b'half of it')
    AtomicBackend().put(b'whole', tmp_path / 'epoch_1.pth')
    assert users.read_bytes() == b'precious'
    assert listed(tmp_path) == ['epoch_1.pth', users.name]


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def test_outdated_files_go_at_once_unless_they_were_written_anew(tmp_path):
    hooks, other = AtomicBackend(), AtomicBackend()
    for name in ('epoch_1.pth', 'latest.pth'):
        hooks.put(b'whole', tmp_path / name)
        hooks.remove(tmp_path / name)
    other.put(b'newer', tmp_path / 'latest.pth')
    other.remove_outdated()
    assert listed(tmp_path) == ['epoch_1.pth', 'latest.pth']
    hooks.remove_outdated()
    assert listed(tmp_path) == ['latest.pth']


def test_full_disk(train, tmp_path):
    """The limit on a file's size stands for a disk without room."""
    train(stop=2)
    before = (tmp_path / 'run/epoch_1.pth').read_bytes()
    with (
        files_of_at_most(100_000),
        pytest.raises(OSError, match='go on with --resume.*epoch_2'),
    ):
        train(resume=True)
    assert [x.name for x in tmp_path.glob('run/*epoch*')] == ['epoch_1.pth']
    assert (tmp_path / 'run/epoch_1.pth').read_bytes() == before


def test_damage_of_any_kind_is_found(tmp_path):
    """A changed byte of a tensor is; one of the file's table is no crash."""
    file = tmp_path / 'epoch_1.pth'
    tensor = torch.arange(999)
    torch.save(dict(a=tensor), file)
    whole = file.read_bytes()

    def is_intact(place=0, change=0):
        changed = bytearray(whole)
        changed[place] ^= change
        file.write_bytes(changed)
        return safe_checkpoint_hook._is_intact(str(file))

    assert is_intact()
    data = tensor.numpy().tobytes()
    for place in range(0, len(data), 500):
        assert not is_intact(whole.index(data) + place, 1)
    rng = np.random.default_rng(0)
    for place in rng.integers(len(whole) - 900, len(whole), 100):
        assert is_intact(place, 255) in (True, False)
    whole = b'<html>404 Not Found</html>'
    assert not is_intact()
    torch.save(dict(a=tensor), file, _use_new_zipfile_serialization=False)
    whole = file.read_bytes()
    assert is_intact()


def test_last_run_goes_before_higher_numbers(written, tmp_path):
    """A run that began anew in the folder of an older one."""
    for name in ('epoch_10.pth', 'epoch_9.pth', 'best_99.pth'):
        torch.save(dict(a=torch.zeros(9)), tmp_path / name)
    assert written()[0] == 'epoch_2.pth'
    two, ten = (tmp_path / f'epoch_{i}.pth' for i in (2, 10))
    two.write_bytes(b'')
    assert written() == ('epoch_10.pth', [str(two)])
    ten.write_bytes(b'')
    assert written() == ('epoch_9.pth', [f'{two}, {ten}'])


def test_only_the_main_process_reads_the_files(written, monkeypatch):
    """The others take over what it found, a failure as well."""
    found = [('epoch_3.pth', []), (None, ['epoch_4.pth'])]

    def broadcast(box):
        box[0] = found.pop(0)

    hook = safe_checkpoint_hook
    monkeypatch.setattr(hook, 'is_main_process', lambda: False)
    monkeypatch.setattr(hook, 'broadcast_object_list', broadcast)
    assert written() == ('epoch_3.pth', [])
    with pytest.raises(RuntimeError, match='epoch_4.pth not there or'):
        written()


def test_old_checkpoints_stay_until_the_new_ones_are_written(
    train, tmp_path, monkeypatch
):
    """The one that is kept, and the best one."""
    at_writing, put = {}, AtomicBackend.put
    save = Runner.save_checkpoint

    def recorded(self, obj, filepath):
        there = sorted(path.name for path in tmp_path.glob('run/*.pth'))
        at_writing.setdefault(Path(filepath).name, there)
        put(self, obj, filepath)

    def save_checkpoint(self, *args, **kwargs):
        self.message_hub.update_info('best_score', -1)  # the next is better
        save(self, *args, **kwargs)

    monkeypatch.setattr(AtomicBackend, 'put', recorded)
    monkeypatch.setattr(Runner, 'save_checkpoint', save_checkpoint)
    checkpoint = 'default_hooks.checkpoint'
    changes = {f'{checkpoint}.max_keep_ckpts': 1, 'train_cfg.max_epochs': 2}
    changes |= {f'{checkpoint}.save_best': 'coco/AP'}
    train(**changes, **{'train_cfg.val_interval': 1})
    best, better = (f'best_coco_AP_epoch_{i}.pth' for i in (1, 2))
    first, second = 'epoch_1.pth', 'epoch_2.pth'
    assert at_writing == {
        first: [],
        best: [first],
        second: [best, first],
        better: [best, second],
    }
    assert {x.name for x in tmp_path.glob('run/*.pth')} == {better, second}


def test_workers_of_a_resumed_run_do_not_repeat_augmentations():
    seeds = []
    for epoch in (0, 7):
        init = functools.partial(dict, seed=5)
        loop = SimpleNamespace(dataloader=SimpleNamespace(worker_init_fn=init))
        runner = SimpleNamespace(seed=5, epoch=epoch, train_loop=loop)
        SeedEpochHook().before_train(runner)
        seeds.append(loop.dataloader.worker_init_fn()['seed'])
    assert seeds[0] == 5 != seeds[1]


def test_testing_deploys_and_training_does_not(trained, pictures, tmp_path):
    """The same predictions; a model that was just trained stays as it is.

    EMAHook puts unfused weights in place: with it the model stays unfused.
    """

    def norms(model):
        return [m for m in model.modules() if 'BatchNorm' in str(type(m))]

    before, expected = norms(trained.model), trained.test()
    assert before and norms(trained.model) == before
    weights = dict(load_from=trained.work_dir + '/epoch_3.pth')
    for hooks in ([], [dict(type='EMAHook', momentum=0.1)]):
        folder = tmp_path / f'{len(hooks)}'
        cfg = runs.config(pictures, folder, '_no-distill', **weights)
        cfg.custom_hooks += hooks
        runner = Runner.from_cfg(cfg)
        assert runner.test() == pytest.approx(expected, abs=1e-3)
        assert bool(norms(runner.model)) == bool(hooks)


@pytest.mark.parametrize('kind, changes, message', [
    ('_no-distill', {}, 'lacks one of them'),
    ('', dict(train_cfg=dict(_delete_=True, by_epoch=False, max_iters=1),
              param_scheduler=None), 'works by epochs'),
])  # fmt: skip
def test_pictures_that_cannot_be_drawn(
    kind, changes, message, pictures, tmp_path
):
    """Told at the start."""
    cfg = runs.config(pictures, tmp_path, kind, **changes)
    cfg.custom_hooks.append(dict(type='DistillationVisualizationHook'))
    with pytest.raises(ValueError, match=message):
        runs.train(cfg)


def test_a_stored_teacher_sees_no_validation_samples():
    model = toys.build(toys.student(teacher=dict(stored='outputs')))
    runner = SimpleNamespace(model=model, train_loop=None, val_loop=1)
    with pytest.raises(ValueError, match='"outputs" holds its outputs for'):
        DistillationVisualizationHook().before_train(runner)


@pytest.mark.parametrize('name', ['interval', 'num_samples'])
def test_pictures_of_nothing_are_refused(name):
    with pytest.raises(ValueError, match=f'1 or more .*{name}=0'):
        DistillationVisualizationHook(**{name: 0})
