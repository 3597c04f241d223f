"""``distilpose COMMAND``: what the user sees."""

import os
import signal
import subprocess
import sys

import pytest

import distilpose_cli
from distilpose_cli import main
from distilpose_demo import run as demo


@pytest.mark.parametrize(
    'command, shown',
    [
        *(
            (name, f'usage: distilpose {name} ')
            for name in (
                *('convert', 'complexity', 'benchmark', 'demo', 'demo-data'),
                *('init', 'teachers', 'mmpose', 'export', 'predict', 'serve'),
                *('calibrate', 'label', 'review', 'store-teacher', 'env'),
            )
        ),
        ('train', '--cfg-options'),
        ('test', '--dump'),
        ('convert', '--config'),
        ('benchmark', '--repeats'),
        ('mmpose publish_model', 'out_file'),
    ],
)
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


def test_mmpose_without_a_script():
    with pytest.raises(SystemExit, match='Nearest: .*browse_dataset'):
        main(['mmpose'])


@pytest.mark.parametrize('command', ['train', 'test'])
@pytest.mark.parametrize(
    'name, folder',
    [
        ('distilpose-s_8xb32-300e_coco-256x192', 'distilpose'),
        ('rtmpose-t_8xb256-420e_coco-256x192', 'rtmpose'),  # MMPose's
    ],
)
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


def test_config_that_does_not_exist():
    with pytest.raises(SystemExit, match='Nearest: distilpose-s_8xb32-300e'):
        main(['train', 'distilpose-s_8xb32-210e_coco-256x192.py'])


def test_ctrl_c_in_the_demo(runner, monkeypatch, tmp_path, capsys):
    """One line that says how to go on, and no traceback."""

    def interrupt(config, epoch):
        raise KeyboardInterrupt

    runner.stop = staticmethod(interrupt)
    monkeypatch.setattr(demo, 'make_dataset', lambda folder, seed: folder)
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    with pytest.raises(SystemExit) as ended:
        main(['demo', str(tmp_path)])
    assert ended.value.code == 130
    assert ended.value.__suppress_context__
    line = 'distilpose demo: interrupted. The same command goes on where it'
    assert line in capsys.readouterr().err
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize('launched', [False, True])
def test_terminated(launched, monkeypatch, capsys):
    """As Ctrl-C, so that worker processes end; not under a launcher."""
    before = signal.getsignal(signal.SIGTERM)
    if launched:
        monkeypatch.setenv('WORLD_SIZE', '2')

    def run(*args):
        if signal.getsignal(signal.SIGTERM) != before:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(distilpose_cli, 'run_script', run)
    name = 'distilpose-s_8xb32-300e_coco-256x192'
    if launched:
        main(['train', name])
    else:
        with pytest.raises(SystemExit) as ended:
            main(['train', name])
        assert ended.value.code == 130
        assert 'With --resume, the same command' in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def test_unknown_option(capsys):
    with pytest.raises(SystemExit):
        main(['init', 'mine', '--images', 'x', '--epoch', '3'])
    said = capsys.readouterr().err
    assert said.startswith('usage: distilpose init ')
    assert said.endswith('unrecognized arguments: --epoch 3\n')


@pytest.mark.parametrize('command', ['demo', 'demo-data'])
def test_folder_that_cannot_be_written(command, tmp_path):
    (tmp_path / 'file').write_text('')
    message = (
        f'distilpose {command}: ".*file.*cannot be used .*the right to write'
    )
    with pytest.raises(SystemExit, match=message):
        main([command, str(tmp_path / 'file' / 'demo')])


def test_folder_with_the_data_of_another_seed(tmp_path):
    data = tmp_path / 'data'
    data.mkdir()
    (data / 'dataset.json').write_text('{"seed": 5}')
    with pytest.raises(SystemExit, match=r'"seed": 5.* Name another folder'):
        main(['demo', str(tmp_path)])


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
