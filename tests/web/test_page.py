"""The page's own calculations, which Node tests."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name('test_page.mjs')


def node():
    """Node, from version 20 on, or the test is skipped."""
    found = shutil.which('node')
    if found is None:
        pytest.skip('Node is not installed')
    version = subprocess.check_output([found, '--version'], text=True)
    if int(re.match(r'v(\d+)', version)[1]) < 20:
        pytest.skip(f'Node is {version.strip()}, these tests need 20')
    return found


def test_calculations():
    done = subprocess.run(
        [node(), '--test', TESTS], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert f'pass {TESTS.read_text().count("test(")}' in done.stdout
