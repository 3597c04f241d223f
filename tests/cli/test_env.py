"""``distilpose env``: what a bug report should say."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch

import distilpose_cli
from distilpose_cli import main
from distilpose_cli.env import describe


def test_versions_and_devices(capsys):
    main(['env'])
    lines = capsys.readouterr().out.splitlines()
    found = {line[:24].strip(): line[24:].strip() for line in lines}
    assert found['torch'] == torch.__version__.split('+')[0]
    assert found['numpy'] == np.__version__
    assert found['Python'] == sys.version.split()[0]
    assert found['PyTorch devices'].startswith(
        f'CPU ({torch.get_num_threads()} threads)'
    )
    providers = onnxruntime.get_available_providers()
    assert found['ONNX Runtime providers'] == ', '.join(providers)


@pytest.mark.parametrize('broken', [ImportError, OSError('line 1\nline 2')])
def test_broken_package(broken, monkeypatch):
    """A line that says why, whatever the import raises."""

    def fail():
        raise broken

    monkeypatch.setattr('distilpose_cli.env._mmcv_operators', fail)
    kept = describe()['MMCV operators']
    assert kept.startswith('none (') and '\n' not in kept
    assert ('line 1' in kept) == isinstance(broken, OSError)


def test_without_any_package():
    """In a fresh process that has no other package than our own."""
    done = subprocess.run(
        [
            *(sys.executable, '-S', '-c'),
            'import distilpose_cli; distilpose_cli.main(["env"])',
        ],
        cwd=distilpose_cli.TOOLS.parents[2],
        env={},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert found['torch'] == found['mmpose'] == '-'
    assert "No module named 'torch'" in done.stdout
