"""A checkpoint with code in it runs nothing, wherever it is given."""

import os
import pickle

import pytest
import torch
from mmengine.utils import digit_version
from mmpose.apis import init_model

from distilpose.weights.read import read_state_dict

from . import limits, toys
from .training import runs

since_26 = pytest.mark.skipif(
    digit_version('2.6.0') > limits.TORCH,
    reason="MMEngine's loader is safe from torch 2.6 on",
)


class Payload:
    """Unpickled, writes a file."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f'touch {self.file}',)


@pytest.fixture
def evil(tmp_path):
    """A checkpoint that looks right, and the file that must not appear."""
    file, written = tmp_path / 'epoch_1.pth', tmp_path / 'written'
    torch.save(
        dict(
            state_dict=toys.build(toys.teacher()).state_dict(),
            meta=dict(epoch=1, iter=1, payload=Payload(written)),
        ),
        file,
    )
    yield file
    assert not written.exists()


def test_payload_works(evil, tmp_path):
    """Or else these tests could not fail."""
    torch.load(evil, weights_only=False)
    (tmp_path / 'written').unlink()


def test_read(evil):
    with pytest.raises(ValueError, match='system.*refused') as error:
        read_state_dict(evil)
    assert '\n' not in str(error.value), "PyTorch's advice"


def test_read_bare_pickle(evil):
    evil.write_bytes(pickle.dumps(Payload(evil.with_name('written'))))
    with pytest.raises(ValueError, match='cannot be read'):
        read_state_dict(evil)


@pytest.mark.parametrize('content', [
    *([], {}, dict(state_dict={}), dict(a=1), torch.zeros(2)),
    {1: torch.zeros(2)},
])  # fmt: skip
def test_no_state_dict(tmp_path, content):
    torch.save(content, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='holds no state dict'):
        read_state_dict(tmp_path / 'x.pth')


def test_teacher(evil):
    teacher = dict(config=toys.teacher(), checkpoint=str(evil))
    with pytest.raises(ValueError, match='teacher.*run code.*refused'):
        toys.distilled(teacher=teacher).init_weights()


@since_26
def test_student(evil, pictures, tmp_path):
    cfg = runs.config(pictures, tmp_path / 'run', '_no-distill')
    with pytest.raises(Exception, match='[Ww]eights.only'):
        init_model(cfg, str(evil), device='cpu')


@since_26
def test_resume(evil, pictures, tmp_path):
    resumed = dict(resume=True, load_from=str(evil))
    cfg = runs.config(pictures, tmp_path, '_no-distill', **resumed)
    with pytest.raises(Exception, match='[Ww]eights.only'):
        runs.train(cfg)
