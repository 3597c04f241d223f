"""Which part of the work is this process's, as its launcher says."""

import argparse
import os
import re

__all__ = ['OTHER_PARTS', 'add_parts', 'gpu_of', 'part_of']

# Where each launcher says the rank, the number of ranks, and the rank on this
# machine. They are those that MMEngine reads.
LAUNCHERS = dict(
    pytorch=('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    slurm=('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    mpi=(
        'OMPI_COMM_WORLD_RANK',
        'OMPI_COMM_WORLD_SIZE',
        'OMPI_COMM_WORLD_LOCAL_RANK',
    ),
)
# What a process says whose part is not the last to end.
OTHER_PARTS = (
    'This part of {} is done. The process whose part is the last to end '
    'joins them all.'
)


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that share the work among processes."""
    group = parser.add_argument_group('several processes, several machines')
    add = group.add_mutually_exclusive_group().add_argument
    add(
        '--launcher',
        choices=('none', *LAUNCHERS),
        help='what started the processes that share the work: pytorch '
        '(torchrun), slurm (srun) or mpi (mpirun of Open MPI). Default: '
        'pytorch if it has set WORLD_SIZE, else none',
    )
    add(
        '--part',
        type=_part,
        metavar='I/N',
        help='without a launcher: do one of N parts; the last to end joins '
        'them',
    )


def part_of(args: argparse.Namespace) -> tuple[int, int]:
    """Which part is this process's, from 1 on, and of how many.

    Raises:
        ValueError: The launcher does not say it.
    """
    launcher = _launcher(args)
    if launcher == 'none':
        return args.part or (1, 1)
    names = LAUNCHERS[launcher][:2]
    rank, size = (_number(name, launcher) for name in names)
    if rank >= size:
        raise _error(f'{" and ".join(names)} are {rank} and {size}', launcher)
    return rank + 1, size


def gpu_of(args: argparse.Namespace) -> int | None:
    """Which GPU is this process's; None without a launcher or without GPUs.

    Raises:
        ValueError: The launcher does not say it.
    """
    launcher = _launcher(args)
    if launcher == 'none' or LAUNCHERS[launcher][2] not in os.environ:
        return None
    import torch

    # Slurm may show each process its own GPU alone, as number 0.
    count = torch.cuda.device_count()
    local = _number(LAUNCHERS[launcher][2], launcher)
    return local % count if count else None


def _launcher(args: argparse.Namespace) -> str:
    # Slurm sets its variables in a job's script, too, which is one process.
    by_default = not args.part and 'WORLD_SIZE' in os.environ
    return args.launcher or ('pytorch' if by_default else 'none')


def _number(name: str, launcher: str) -> int:
    text = os.environ.get(name)
    if text is None or not text.isdecimal():
        told = 'is not set' if text is None else f'is "{text}"'
        raise _error(f'{name} {told}', launcher)
    return int(text)


def _error(what: str, launcher: str) -> Exception:
    from distilpose_runtime.errors import UserValueError

    rank, size, _ = LAUNCHERS[launcher]
    return UserValueError(
        f'The environment does not say which part of the work is this '
        f"process's: {what}. The launcher {launcher} sets {rank}, from 0 on, "
        f'and {size}. Start the command by it, or add --launcher none.'
    )


def _part(text: str) -> tuple[int, int]:
    found = re.fullmatch(r'(\d+)/(\d+)', text)
    part = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part[0] <= part[1]:
        raise argparse.ArgumentTypeError(f'{text} is no part such as 1/2')
    return part
