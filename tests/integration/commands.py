"""Running MIM and our own command line as a user does."""

import os
import subprocess
import sys
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / 'configs/body_2d_keypoint'


def mim(*arguments: object, cwd: Path, fails: bool = False) -> str:
    """Run ``mim``; give its output, and mind its exit status."""
    program = [str(Path(sys.executable).with_name('mim'))]
    return _run(program, arguments, cwd, fails)


def distilpose(*arguments: object, cwd: Path, fails: bool = False) -> str:
    """Run ``python -m distilpose``."""
    return _run([sys.executable, '-m', 'distilpose'], arguments, cwd, fails)


def _run(program: list, arguments: tuple, cwd: Path, fails: bool) -> str:
    done = subprocess.run(
        [*program, *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'PYTHONWARNINGS': 'ignore'},
    )
    assert (done.returncode != 0) == fails, done.stdout[-5000:]
    return done.stdout
