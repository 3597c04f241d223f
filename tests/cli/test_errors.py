"""One line for what a user can put right; a traceback for all else."""

import importlib
import re
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import common_transforms
from mmpose.registry import MODELS, TRANSFORMS
from torch import nn

import distilpose_cli
from distilpose_cli import main
from distilpose_cli.errors import told
from distilpose_runtime.errors import UserValueError

from .. import toys
from .one_line import refused


def error_of(call, *arguments, **options) -> Exception:
    with pytest.raises(Exception) as caught:
        call(*arguments, **options)
    return caught.value


def test_faults_of_the_code_are_not_told():
    def handled():
        try:
            Path('nowhere').read_text()
        except OSError:
            return None.shape

    assert told(error_of(lambda: [][1])) is None
    assert told(error_of(handled)) is None
    missing = error_of(importlib.import_module, 'module_of_nobody')
    assert told(missing) is None  # as of the user's own
    # Raised by a call in our code, but by no `raise` of ours.
    assert told(error_of(distilpose_cli.run_script, 5, None)) is None


def test_files(tmp_path):
    text = told(error_of(open, tmp_path / 'nowhere'))
    assert str(tmp_path / 'nowhere') in text
    assert '[Errno' not in text and 'no such file' in text
    assert 'can not be found' in told(
        FileNotFoundError('x.pth can not be found.')
    )
    assert '(no route)' in told(URLError('no route'))
    # What a process that loads data sends holds a traceback.
    assert told(OSError('Caught OSError in a worker.\nTraceback')) is None


def test_loader_without_workers():
    """PyTorch's message, whatever its version calls it."""
    error = error_of(
        torch.utils.data.DataLoader,
        [1],
        num_workers=0,
        persistent_workers=True,
    )
    assert 'persistent_workers=False as well' in told(error)


def test_no_home_folder(no_home):
    """Python's own error, and that of a package that MMEngine imports."""
    for error in (
        error_of(Path.home),
        RuntimeError("could not determine the home directory for '~/.cache'"),
    ):
        assert 'set HOME to a folder that can be written' in told(error)
    assert told(RuntimeError('x')) is None


@pytest.mark.parametrize('content, message', [
    ('model = dict(\n', 'cannot be read .SyntaxError'),
    ('model = dict(a=x)\n', "cannot be read .NameError: name 'x'"),
    ('epochs = 3\n', 'describes no model'),
    ("_base_ = 'nowhere.py'\n", 'nowhere.py'),
])  # fmt: skip
@pytest.mark.parametrize(
    'command, more',
    [('train', 'x'), ('test', 'x'), ('export', 'x x'), ('store-teacher', 'x')],
)
def test_a_config_that_cannot_be_used(
    command, more, content, message, tmp_path
):
    file = tmp_path / 'config.py'
    file.write_text(content)
    assert re.search(message, refused(command, file, *more.split()))


@pytest.mark.parametrize('settings, message', [
    (dict(head=dict(type='HeadOfNobody')), 'HeadOfNobody is not in the'),
    (dict(head=dict(number=1)), "unexpected keyword argument 'number'"),
    # Our own goes through the registries as it is.
    (dict(teacher=dict(config='x', number=1)),
     '^model.teacher has no setting number.'),
])  # fmt: skip
def test_a_model_that_cannot_be_built(settings, message):
    text = told(error_of(toys.build, toys.student(**settings)))
    assert re.search(message, text)


def test_a_teacher_without_the_type_that_takes_one():
    text = told(error_of(toys.build, {**toys.student(), 'teacher': 'x'}))
    assert text.endswith("has the type 'DistilPoseEstimator'.")


def test_a_fault_within_a_part_keeps_its_traceback():
    @MODELS.register_module(name='NeckOfTheUser', force=True)
    class Neck(nn.Module):
        def __init__(self):
            super().__init__()
            raise ValueError('x')

    for part in (
        dict(neck=dict(type='NeckOfTheUser')),
        dict(head=dict(in_channels=-1)),
    ):
        assert told(error_of(toys.build, toys.student(**part))) is None


@pytest.mark.parametrize('name, extra', [
    ('onnx', 'export'),
    ('onnxruntime', 'runtime'),
    ('av', 'video'),
    ('tqdm', 'train'),
    ('torch.nn', 'train'),
    ('mmpose', 'train'),
])  # fmt: skip
def test_missing_packages(name, extra):
    error = ModuleNotFoundError(f"No module named '{name}'", name=name)
    assert f'pip install "distilpose[{extra}]"' in told(error)


def test_a_transform_whose_package_is_missing(monkeypatch):
    monkeypatch.setattr(common_transforms, 'albumentations', None)
    transform = dict(type='Albumentation', transforms=[])
    text = told(error_of(TRANSFORMS.build, transform))
    numpy = f'"numpy=={np.__version__}"'
    assert f'with `pip install "albumentations<2" {numpy}`' in text


@pytest.mark.parametrize('given', ['zzz', '=5', 'x'])
def test_settings_without_a_value(given):
    with pytest.raises(SystemExit, match=f'distilpose train: .*"{given}"'):
        main(['train', 'x.py', '--cfg-options', 'a=1', given])


SCRIPT = 'distilpose_cli.run_script'
CONFIG = 'distilpose-s_8xb32-300e_coco-256x192'
# A command, and what it calls.
COMMANDS = {
    f'train {CONFIG}': SCRIPT,
    f'test {CONFIG} x.pth': SCRIPT,
    'mmpose browse_dataset': SCRIPT,
    'convert a b': SCRIPT,
    'complexity a': SCRIPT,
    'benchmark a': SCRIPT,
    'demo x': 'distilpose_demo.run.run',
    'demo-data x': 'distilpose_demo.dataset.make_dataset',
    'init x --train a.json --images y': 'distilpose_own_data.init',
    'teachers hrnet': 'distilpose.teachers.listing.list_teachers',
    f'export {CONFIG} x.pth x.onnx': 'distilpose.deploy.export.export_onnx',
    'calibrate x --data y --images z': 'distilpose_runtime.PoseEstimator',
    'predict x': 'distilpose_cli.predict_run.open_source',
    'label x --teacher y --out z': 'distilpose_cli.label_run.open_source',
    'review x --images y --student z': (
        'distilpose_cli.review_run.read_annotations'
    ),
    'serve': 'distilpose_runtime.web.make_server',
    f'store-teacher {CONFIG} x': (
        'distilpose.teachers.stored.write.store_teacher'
    ),
    'env': 'distilpose_cli.env.describe',
}


def run(monkeypatch, command, error):
    """Run a command in which an error is raised; give what it ends with."""

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(COMMANDS[command], fail)
    with pytest.raises((Exception, SystemExit)) as caught:
        main(command.split())
    return caught.value


def test_all_commands_are_in_the_table(capsys):
    with pytest.raises(SystemExit):
        main(['fit'])
    _, choices = capsys.readouterr().err.split('choose from ')
    named = {x.strip(" '") for x in choices.strip(')\n').split(',')}
    assert named == {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize(
    'kind', [KeyError, TypeError, ValueError, RuntimeError, ImportError]
)
def test_bug_keeps_its_traceback(command, kind, monkeypatch):
    error = kind('x')
    assert run(monkeypatch, command, error) is error


@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize('error, text', [
    (UserValueError('Give y.'), 'Give y.'),
    (PermissionError(13, 'Permission denied', 'z'),
     '"z" cannot be used (Permission denied).'),
    (ModuleNotFoundError("No module named 'av'", name='av'),
     "No module named 'av'. Install what it needs with"),
], ids=['ours', 'file', 'package'])  # fmt: skip
def test_what_a_user_can_put_right_is_one_line(
    command, error, text, monkeypatch
):
    if command == 'serve' and isinstance(error, OSError):
        text = 'cannot listen on port 8000'
    end = run(monkeypatch, command, error)
    assert isinstance(end, SystemExit)
    name = command.split()[0]
    assert end.code.startswith(f'distilpose {name}: {text}')
    assert '\n' not in end.code  # printed as it is, with the exit code 1
