"""Running MIM's commands from Python, with their output in a log file."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set

__all__ = [
    'TrainingStep',
    'exit_on_sigterm',
    'read_scalars',
    'read_step',
    'run_mim',
    'stop_commands',
]

_running: Set[subprocess.Popen] = set()

STEP = re.compile(
    r'Epoch\(train\)\s+\[(\d+)\]\[\s*(\d+)/(\d+)\].* (loss: \S+)'
)


class TrainingStep(NamedTuple):
    """Where a training is, by a line of its log.

    Attributes:
        epoch: The epoch, from 1.
        step: The step in the epoch, from 1.
        steps: How many steps an epoch has.
        loss: ``loss: 0.123``, as it stands in the log.
    """

    epoch: int
    step: int
    steps: int
    loss: str

    @property
    def steps_done(self) -> int:
        return (self.epoch - 1) * self.steps + self.step


def read_step(line: str) -> Optional[TrainingStep]:
    """Read a line of MMEngine's log; None if it tells of no step."""
    match = STEP.search(line)
    if match is None:
        return None
    return TrainingStep(*map(int, match.groups()[:3]), match.group(4))


def run_mim(
    arguments: List[str], log: Path, env: Optional[Dict[str, str]] = None
) -> Iterator[str]:
    """Run ``mim`` and yield the lines of its output.

    On a machine without GPU, ``train`` and ``test`` are told so. Whatever ends
    the iteration ends the command, and the processes that it has started.

    Args:
        arguments: The command line after ``mim``.
        log: File to which the output is appended.
        env: Environment variables to set beside ours.

    Raises:
        RuntimeError: It failed; the message ends with its last lines.
    """
    import torch

    if not torch.cuda.is_available() and arguments[0] in ('train', 'test'):
        arguments = [*arguments[:3], '--gpus', '0', *arguments[3:]]
    log.parent.mkdir(parents=True, exist_ok=True)
    tail = deque(maxlen=25)
    with open(log, 'a') as file, subprocess.Popen(
        [str(Path(sys.executable).with_name('mim')), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors='replace',
        env={**os.environ, 'PYTHONWARNINGS': 'ignore', **(env or {})},
        start_new_session=True,  # with all that it starts, to end together
    ) as process:
        _running.add(process)
        try:
            for line in process.stdout:
                file.write(line)
                tail.append(line)
                yield line
            process.wait()
        finally:
            _stop(process)
            _running.discard(process)
    if process.returncode:
        raise RuntimeError(
            f'`mim {" ".join(arguments[:3])} ...` failed; its output is in '
            f'{log} and ends with:\n' + ''.join(tail)
        )


def stop_commands() -> None:
    """End the commands that run, in whichever threads."""
    for process in [*_running]:
        _stop(process)


def exit_on_sigterm() -> None:
    """Let a SIGTERM end Python as Ctrl-C does, commands included.

    So does a closed terminal: commands have sessions of their own, which it
    does not reach. Where it is ignored, as by ``nohup``, it stays so.
    """
    for name in ('SIGTERM', 'SIGHUP'):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def _stop(process: subprocess.Popen) -> None:
    if os.name != 'posix':
        process.terminate()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def read_scalars(work_dir: Path) -> List[dict]:
    """Read what a training logged, over its restarts, the oldest first.

    A line that a killed training left unfinished is left out.
    """
    rows = []
    for file in sorted(work_dir.glob('2*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return rows
