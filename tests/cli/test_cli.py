"""``distilpose COMMAND``: what the user sees."""

import os
import re
import signal
import subprocess
import sys

import pytest

import distilpose_cli
from distilpose_cli import main

from .one_line import refused

S = 'distilpose-s_8xb32-300e_coco-256x192'

OWN = (
    'convert complexity benchmark demo demo-data init teachers mmpose export '
    'predict serve calibrate label review store-teacher env'
)


@pytest.mark.parametrize('command, shown', [
    *((name, f'usage: distilpose {name} ') for name in OWN.split()),
    ('train', '--cfg-options'),
    ('test', '--dump'),
    ('convert', '--config'),
    ('benchmark', '--repeats'),
    ('mmpose publish_model', 'out_file'),
])  # fmt: skip
def test_help_of_a_command(command, shown, capsys):
    """Its own, or that of the script that it runs."""
    before = sys.argv, sys.path
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), '--help'])
    assert ended.value.code == 0
    assert shown in capsys.readouterr().out
    assert (sys.argv, sys.path) == before


def test_complexity_counts(capsys):
    main(['complexity', 'distilpose-tiny_no-distill_1xb32-15e_demo-96x64'])
    assert '371,125' in capsys.readouterr().out


@pytest.mark.parametrize('command, message', [
    ('mmpose', 'Nearest: .*browse_dataset'),
    (f'train {S.replace("300e", "210e")}.py', 'Nearest: distilpose-s_8xb32-3'),
    (f'demo {__file__}/x', 'cannot be used .*with the right to write'),
    (f'demo-data {__file__}/x', 'cannot be used .*with the right to write'),
])  # fmt: skip
def test_what_is_not_there_or_cannot_be_written(command, message):
    assert re.search(message, refused(*command.split()))


@pytest.mark.parametrize('command', ['train', 'test'])
@pytest.mark.parametrize('name, folder', [
    (S, 'distilpose'),
    ('rtmpose-t_8xb256-420e_coco-256x192', 'rtmpose'),  # MMPose's
])  # fmt: skip
def test_config_by_name(command, name, folder, monkeypatch):
    given = []
    monkeypatch.setattr(
        distilpose_cli, 'run_script', lambda *args: given.append(args)
    )
    main([command, name, '--work-dir', 'x', '--', '-y'])
    ((script, arguments),) = given
    assert (script.name, script.parent.name) == (f'{command}.py', 'tools')
    assert arguments[0].endswith(f'/{folder}/coco/{name}.py')
    assert arguments[1:] == ['--work-dir', 'x', '--', '-y']


@pytest.fixture
def interruptible():
    """Python ignores Ctrl-C in a shell's jobs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures('interruptible')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('command, calls, advice', [
    (f'train {S}', 'distilpose_cli.run_script', 'With --resume, the same'),
    ('demo x', 'distilpose_demo.run.run', 'The same command goes on where'),
])  # fmt: skip
def test_interrupted(number, command, calls, advice, monkeypatch, capsys):
    """One line that says how to go on, and no traceback."""
    before = [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr(calls, lambda *_, **__: signal.raise_signal(number))
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 130
    assert ended.value.__suppress_context__
    line = f'distilpose {command.split()[0]}: interrupted. {advice}'
    assert line in capsys.readouterr().err
    after = [signal.getsignal(x) for x in (signal.SIGINT, signal.SIGTERM)]
    assert after == before


def test_a_launcher_ends_its_processes_itself(monkeypatch):
    seen, before = [], signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv('WORLD_SIZE', '2')
    monkeypatch.setattr(
        distilpose_cli,
        'run_script',
        lambda *_: seen.append(signal.getsignal(signal.SIGTERM)),
    )
    main(['train', S])
    assert seen == [before]


@pytest.mark.parametrize('command, message', [
    ('init mine --images x --epoch 3', 'unrecognized arguments: --epoch 3'),
    ('label x --sure 1.1', 'argument --sure: 1.1 is no number from 0 to 1'),
    ('label x --min-change inf', 'inf is no number of 0 or more'),
    ('label x --every 0', '0 is no whole number of 1 or more'),
])  # fmt: skip
def test_wrong_arguments(command, message, capsys):
    with pytest.raises(SystemExit):
        main(command.split())
    said = capsys.readouterr().err
    assert said.startswith(f'usage: distilpose {command.split()[0]} ')
    assert said.endswith(f'{message}\n')


@pytest.mark.parametrize('encoding', ['ascii', 'cp1252', 'utf-8'])
def test_names_that_the_output_cannot_hold(encoding):
    """As on Windows, where a file or a pipe has the system's encoding."""
    code = (
        'import distilpose_cli.env as env, distilpose_cli as cli\n'
        'env.describe = lambda: {"图": "caf\\udce9"}\n'
        'cli.main(["env"])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONIOENCODING': encoding},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    name = '图' if encoding == 'utf-8' else r'\u56fe'
    assert done.stdout.decode(encoding).split() == [name, r'caf\udce9']
