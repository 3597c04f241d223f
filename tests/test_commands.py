"""Running commands, and reading what trainings leave behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from distilpose.commands import (
    exit_on_sigterm,
    read_scalars,
    read_step,
    run_mim,
    stop_commands,
)

LINE = (
    '11/24 03:05:06 - mmengine - INFO - Epoch(train)  [3][10/37]  lr: 1e-3  '
    'eta: 0:01:00  time: 0.1  loss: 0.25  loss_kpt: 0.2'
)


def test_reads_a_step():
    step = read_step(LINE)
    assert (step.epoch, step.step, step.steps) == (3, 10, 37)
    assert step.steps_done == 84 and step.loss == 'loss: 0.25'
    assert read_step('Epoch(val) [3][1/4]') is None


def test_scalars_over_restarts_and_a_line_cut_short(tmp_path):
    for name, text in (
        ('20260101_000001', '{"step": 1, "a": 1}\n{"step": 2, "a'),
        ('20260101_000002', '{"step": 2, "a": 3}\n'),
    ):
        folder = tmp_path / name / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'scalars.json').write_text(text)
    assert read_scalars(tmp_path) == [
        {'step': 1, 'a': 1},
        {'step': 2, 'a': 3},
    ]


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Run a few lines of Python in place of ``mim``."""

    def run(*lines):
        mim = tmp_path / 'mim'
        mim.write_text('\n'.join([f'#!{sys.executable}', *lines]))
        mim.chmod(0o755)
        monkeypatch.setattr(sys, 'executable', str(tmp_path / 'python'))
        return run_mim(['list'], tmp_path / 'output.log')

    return run


def test_output_of_any_bytes(stand_in, tmp_path):
    lines = stand_in(
        'import sys',
        r"sys.stdout.buffer.write(b'caf\xe9\n')",
    )
    assert [*lines] == ['caf\ufffd\n']
    assert (tmp_path / 'output.log').read_text() == 'caf\ufffd\n'


@pytest.fixture
def endless(stand_in):
    """A ``mim`` that starts a process, tells its number and never ends."""
    return stand_in(
        'import subprocess, time',
        "child = subprocess.Popen(['sleep', '600'])",
        'print(child.pid, flush=True)',
        'time.sleep(600)',
    )


def is_alive(pid):
    done = subprocess.run(
        ['ps', '-o', 'stat=', '-p', str(pid)], capture_output=True, text=True
    )
    return done.stdout.strip()[:1] not in ('', 'Z')


@pytest.mark.skipif(os.name != 'posix', reason='process groups')
@pytest.mark.parametrize('ending', ['close', 'stop'])
def test_nothing_goes_on_alone(endless, ending):
    pid = int(next(endless))
    assert is_alive(pid)
    if ending == 'close':
        endless.close()
    else:
        stop_commands()
        with pytest.raises(RuntimeError, match='`mim list ...` failed'):
            list(endless)
    for _ in range(100):
        if not is_alive(pid):
            break
        time.sleep(0.05)
    assert not is_alive(pid)


@pytest.mark.skipif(os.name != 'posix', reason='SIGHUP')
@pytest.mark.parametrize('name', ['SIGTERM', 'SIGHUP'])
def test_signals_end_python_in_the_ordinary_way(name):
    number = getattr(signal, name)
    signals = (signal.SIGTERM, signal.SIGHUP)
    # Under nohup, tests start with SIGHUP ignored.
    before = [signal.signal(one, signal.SIG_DFL) for one in signals]
    try:
        exit_on_sigterm()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(number)
        assert ended.value.code == 128 + number
        # As by nohup, which the terminal's end is not to end.
        signal.signal(number, signal.SIG_IGN)
        exit_on_sigterm()
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        for one, handler in zip(signals, before):
            signal.signal(one, handler)
