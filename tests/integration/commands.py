"""Running MIM and our own command line as a user does."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / 'configs/body_2d_keypoint'


def mim(*arguments: object, cwd: Path, fails: bool = False) -> str:
    """Run ``mim``; give its output, and mind its exit status."""
    program = [str(Path(sys.executable).with_name('mim'))]
    return run([*program, *arguments], cwd, fails)


def distilpose(*arguments: object, cwd: Path, fails: bool = False) -> str:
    """Run ``python -m distilpose``."""
    return run([sys.executable, '-m', 'distilpose', *arguments], cwd, fails)


def run(
    command: Sequence[object],
    cwd: Path | None = None,
    fails: bool = False,
    **changes: str,
) -> str:
    """Run a command; give its output. ``changes`` are of its environment.

    ``PYTHONPATH=''`` is for one that shall find installed packages alone.
    """
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'PYTHONWARNINGS': 'ignore', **changes},
    )
    assert (done.returncode != 0) == fails, done.stdout[-5000:]
    return done.stdout
