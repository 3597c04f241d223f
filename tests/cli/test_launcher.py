"""Which part a process does, of what its launcher has set."""

import argparse

import pytest
import torch

from distilpose_cli.launcher import LAUNCHERS, add_parts, gpu_of, part_of

from .one_line import refused

TORCHRUN = dict(RANK=1, WORLD_SIZE=4, LOCAL_RANK=1)
SRUN = dict(SLURM_PROCID=5, SLURM_NTASKS=6, SLURM_LOCALID=3)
MPIRUN = dict(
    OMPI_COMM_WORLD_RANK=0,
    OMPI_COMM_WORLD_SIZE=2,
    OMPI_COMM_WORLD_LOCAL_RANK=0,
)


@pytest.fixture
def read(monkeypatch):
    """Read arguments in an environment."""

    def read(*arguments, **environment):
        for names in LAUNCHERS.values():
            for name in names:
                monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        parser = argparse.ArgumentParser()
        add_parts(parser)
        return parser.parse_args(arguments)

    return read


@pytest.mark.parametrize('arguments, environment, part, gpu', [
    ((), {}, (1, 1), None),
    (('--part', '2/3'), {}, (2, 3), None),
    ((), TORCHRUN, (2, 4), 1),
    (('--launcher', 'pytorch'), TORCHRUN, (2, 4), 1),
    (('--launcher', 'none'), TORCHRUN, (1, 1), None),
    (('--part', '2/3'), TORCHRUN, (2, 3), None),
    ((), dict(RANK=0, WORLD_SIZE=1), (1, 1), None),
    # A job's script has Slurm's variables, and is one process.
    ((), SRUN, (1, 1), None),
    (('--launcher', 'slurm'), SRUN, (6, 6), 1),
    (('--launcher', 'slurm'), {**TORCHRUN, **SRUN}, (6, 6), 1),
    (('--launcher', 'mpi'), MPIRUN, (1, 2), 0),
])  # fmt: skip
def test_part_and_gpu(read, monkeypatch, arguments, environment, part, gpu):
    """On a machine with two GPUs, and on one without."""
    args = read(*arguments, **environment)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    assert (part_of(args), gpu_of(args)) == (part, gpu)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 0)
    assert gpu_of(args) is None


@pytest.mark.parametrize('command', [
    ('label', 'photos', '--teacher', 'x.onnx', '--out'),
    ('store-teacher', 'distilpose-s_8xb32-300e_coco-256x192'),
])  # fmt: skip
@pytest.mark.parametrize('launcher, environment, told', [
    (None, dict(WORLD_SIZE=2), 'RANK is not set. The launcher pytorch sets'),
    (None, dict(WORLD_SIZE=2, RANK='x'), 'RANK is "x"'),
    (None, dict(WORLD_SIZE=2, RANK=-1), 'RANK is "-1"'),
    (None, dict(WORLD_SIZE=2, RANK=2), 'RANK and WORLD_SIZE are 2 and 2'),
    ('pytorch', dict(RANK=0), 'WORLD_SIZE is not set'),
    ('slurm', TORCHRUN, 'SLURM_PROCID is not set'),
    ('mpi', SRUN, 'OMPI_COMM_WORLD_RANK is not set'),
])  # fmt: skip
def test_half_an_environment(
    read, tmp_path, command, launcher, environment, told
):
    read(**environment)
    more = ['--launcher', launcher] * bool(launcher)
    text = refused(*command, tmp_path / 'out', *more)
    assert told in text and 'add --launcher none' in text
    assert not (tmp_path / 'out').exists()


def test_a_launcher_and_a_part(read, capsys):
    with pytest.raises(SystemExit):
        read('--launcher', 'none', '--part', '1/2')
    assert 'not allowed with argument' in capsys.readouterr().err
