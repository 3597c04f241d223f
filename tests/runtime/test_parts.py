"""Who may work on which part of a folder, of processes that run at once."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import distilpose_runtime
from distilpose_runtime.errors import UserValueError
from distilpose_runtime.parts import Parts

PROJECTS = str(Path(distilpose_runtime.__file__).parents[1])
HOLD = """
import sys
from pathlib import Path
from distilpose_runtime.parts import Parts
part = int(sys.argv[2]), int(sys.argv[3])
with Parts(Path(sys.argv[1]), part).held():
    print('held', flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which holds the second of two parts."""
    process = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path / '.parts'), '2', '2'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=PROJECTS),
    )
    assert process.stdout.readline() == b'held\n'
    yield process
    process.kill()
    process.communicate()


def test_other_runs_are_kept_out_until_it_is_killed(tmp_path, other):
    parts = {part: Parts(tmp_path / '.parts', part)
             for part in ((1, 1), (1, 2), (2, 2), (2, 3))}  # fmt: skip
    host = socket.gethostname()
    for part in ((1, 1), (2, 2), (2, 3)):
        told = (
            rf'writes to "{tmp_path}": part 2 of 2 \(process {other.pid} on '
            rf'{host}, since 2.*\)\. Wait'
        )
        with pytest.raises(UserValueError, match=told), parts[part].held():
            pass
    with parts[1, 2].held():
        assert parts[1, 2].running() == [tmp_path / '.parts/2-of-2.lock']
    other.kill()
    other.wait()
    for part in parts.values():
        with part.held():
            assert part.running() == []


def test_files_of_all_parts(tmp_path):
    """Those of runs with other numbers of parts, too."""
    names = '1-of-2.rows', '3-of-10.rows'
    for name in (*names, '1-of-2.lock', 'rows'):
        (tmp_path / name).touch()
    parts = Parts(tmp_path, (1, 2))
    assert parts.files('.rows') == [tmp_path / name for name in names]
    assert parts.file('.rows') == tmp_path / '1-of-2.rows'
