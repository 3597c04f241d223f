"""The experiment runner, with MIM's commands replaced by a stand-in."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from distilpose import ablation
from distilpose.ablation import Row, run_ablation

PLAIN = 'distilpose-tiny_no-distill_1xb32-30e_demo-96x64'
FULL = 'distilpose-tiny_1xb32-30e_demo-96x64'


@pytest.fixture
def mim(monkeypatch):
    """Record commands; leave the log of a training behind."""
    calls = []

    def run_mim(arguments, log, env=None):
        if arguments[0] == 'test':
            calls.append((arguments, [], env))
            out = Path(arguments[arguments.index('--out') + 1])
            out.write_text('{"coco/AP": 0.7}')
            yield ''
            return
        options = arguments[arguments.index('--cfg-options') + 1 :]
        calls.append((arguments, options, env))
        if mim.fails in arguments[2]:
            raise RuntimeError('killed')
        seed = int(options[0].split('=')[1])
        folder = log.parent / '20260101_000000/vis_data'
        folder.mkdir(parents=True)
        value = (0.6 if 'no-distill' not in arguments[2] else 0.4) + seed / 100
        rows = [{'step': e, 'coco/AP': value * e / 30} for e in (10, 20, 30)]
        rows += [{'step': 30, 'iter': 30, 'acc_pose': 0.5}]
        (folder / 'scalars.json').write_text(
            ''.join(json.dumps(row) + '\n' for row in rows)
        )
        yield 'Epoch(train)  [30][37/37]  lr: 0  loss: 0.1'

    mim = type('Mim', (), dict(calls=calls, fails='nothing'))
    monkeypatch.setattr(ablation, 'run_mim', run_mim)
    return mim


def test_table_of_means_spreads_and_differences(mim, tmp_path):
    rows = Row.parse_all([PLAIN, FULL, 'model.x=/data/{seed}'])
    report = run_ablation(
        tmp_path, rows, seeds=(2, 0, 1), command='the command'
    )
    table = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in report.splitlines()
        if line.startswith('| `')
    ]
    assert table[0][1:] == ['0.400', '0.410', '0.420', '0.410 ± 0.010', '']
    assert table[1][4:] == ['0.610 ± 0.010', '+0.200 ± 0.000']
    assert 'the command' in report and 'torch' in report
    assert (tmp_path / 'curves.png').is_file()
    assert ['randomness.seed=1', 'model.x=/data/1'] in [
        c[1] for c in mim.calls
    ]
    run_ablation(tmp_path, rows, seeds=(0, 1, 2))
    assert len(mim.calls) == 6, 'what is complete is not repeated'


def test_others_are_completed_before_a_fault_is_told(mim, tmp_path):
    mim.fails = 'no-distill'
    with pytest.raises(RuntimeError, match=f'{PLAIN}, seed 0: killed'):
        run_ablation(tmp_path, Row.parse_all([PLAIN, FULL]), seeds=(0,))
    assert len(mim.calls) == 2
    (tmp_path / PLAIN / 'seed-0').mkdir(parents=True, exist_ok=True)
    (tmp_path / PLAIN / 'seed-0/last_checkpoint').write_text('epoch_3.pth')
    mim.fails = 'nothing'
    run_ablation(tmp_path, Row.parse_all([PLAIN, FULL]), seeds=(0,))
    assert '--resume' in mim.calls[2][0] and len(mim.calls) == 3


def test_killed_in_the_last_validation(mim, tmp_path):
    """Nothing is left to train: the checkpoint is validated by a test."""
    folder = tmp_path / PLAIN / 'seed-0'
    folder.mkdir(parents=True)
    (folder / 'epoch_30.pth').write_text('weights')
    rows = Row.parse_all(
        [
            PLAIN,
            'val_dataloader.dataset.data_root=there/',
            'val_evaluator.ann_file=there/val.json',
        ]
    )
    report = run_ablation(tmp_path, rows, seeds=(0,))
    assert '0.700' in report and len(mim.calls) == 1
    tested = Config.fromfile(mim.calls[0][0][2])
    assert tested.test_dataloader.dataset.data_root == 'there/'
    assert tested.test_evaluator.ann_file == 'there/val.json'
    assert not (folder / 'metrics-unfinished.json').exists()


def test_changed_row_is_not_taken_for_the_old_one(mim, tmp_path):
    run_ablation(tmp_path, Row.parse_all([PLAIN, 'name=r']), seeds=(0,))
    changed = Row.parse_all([PLAIN, 'name=r', 'optim_wrapper.optimizer.lr=9'])
    with pytest.raises(RuntimeError, match='with another config or other'):
        run_ablation(tmp_path, changed, seeds=(0,))


@pytest.mark.parametrize('metric', ['coco/ap', 'acc_pose'])
def test_metric_that_no_validation_gives(metric, mim, tmp_path):
    with pytest.raises(RuntimeError, match=rf"no \"{metric}\".*'coco/AP'"):
        run_ablation(
            tmp_path, Row.parse_all([PLAIN]), seeds=(0,), metric=metric
        )


@pytest.mark.parametrize(
    'wrong, message',
    [
        (dict(seeds=(0, 0)), r'seeds are \[0, 0\], .* each once'),
        (dict(seeds=(-1,)), r'seeds are \[-1\]'),
        (dict(jobs=0), '0 trainings at a time'),
    ],
)
def test_wrong_arguments_write_nothing(wrong, message, mim, tmp_path):
    with pytest.raises(ValueError, match=message):
        run_ablation(tmp_path, Row.parse_all([PLAIN]), **wrong)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize('name', ['run.json', 'metrics.json'])
@pytest.mark.parametrize('content', [b'{"opt', b'\xff'])
def test_damaged_file_is_named(name, content, mim, tmp_path):
    rows = Row.parse_all([PLAIN])
    run_ablation(tmp_path, rows, seeds=(0,))
    (tmp_path / PLAIN / 'seed-0' / name).write_bytes(content)
    with pytest.raises(RuntimeError, match=f'{name} cannot be read'):
        run_ablation(tmp_path, rows, seeds=(0,))


def test_rows_without_epochs():
    for option in ('.max_epochs=None', '.max_epochs=abc', '=None'):
        (row,) = Row.parse_all([PLAIN, f'train_cfg{option}'])
        with pytest.raises(ValueError, match='max_epochs=.*by epoch'):
            row.epochs  # noqa: B018


@pytest.mark.skipif(os.name != 'posix', reason='signals to threads')
def test_interrupted_while_runs_start(monkeypatch, tmp_path):
    """Commands that start after the first attempt are stopped as well."""
    stops, stopped = threading.Semaphore(0), []

    def run_mim(arguments, log, env=None):
        time.sleep(0.5)  # until the main thread waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        # At the first attempt, this command does not run yet.
        stopped.append(all(stops.acquire(timeout=10) for _ in range(2)))
        yield ''
        raise RuntimeError('ended')

    monkeypatch.setattr(ablation, 'run_mim', run_mim)
    monkeypatch.setattr(ablation, 'stop_commands', stops.release)
    # Tests in the background of a script start with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_ablation(tmp_path, Row.parse_all([PLAIN]), seeds=(0, 1))
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped == [True], 'and the second run does not start'


def test_parallel_runs_share_the_cores(mim, tmp_path):
    run_ablation(tmp_path, Row.parse_all([PLAIN]), seeds=(0, 1), jobs=2)
    assert all('OMP_NUM_THREADS' in env for _, _, env in mim.calls)


def test_rows_on_the_command_line():
    rows = Row.parse_all([FULL, 'name=long', 'train_cfg.max_epochs=60', FULL])
    assert [row.name for row in rows] == ['long', FULL]
    assert rows[0].options == ('train_cfg.max_epochs=60',)
    assert [row.epochs for row in rows] == [60, 30]
    rows = Row.parse_all(['a={seed}', FULL, 'b=2', PLAIN])
    assert [row.options for row in rows] == [
        ('a={seed}', 'b=2'),
        ('a={seed}',),
    ]
    for arguments, message in (
        (['name=a', FULL], '"name=a" comes before any config'),
        (['a=1'], 'There is no config'),
        ([FULL, 'name='], 'is given an empty name'),
        ([FULL, FULL], 'Two rows are called'),
    ):
        with pytest.raises(ValueError, match=message):
            Row.parse_all(arguments)
    with pytest.raises(FileNotFoundError, match='Nearest'):
        Row.parse_all(['distilpose-huge'])
