"""The notebook runs, and what a reader sees there is right."""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from .commands import run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group('quickstart')]

DOCS = Path(__file__).parents[2] / 'docs'


@pytest.fixture(scope='module')
def clone(tmp_path_factory):
    """Of a clone, what the notebook reads; and what it wrote."""
    clone = tmp_path_factory.mktemp('clone')
    shutil.copytree(DOCS / 'photos', clone / 'docs/photos')
    notebook = shutil.copy(DOCS / 'quickstart.ipynb', clone / 'docs')
    run([sys.executable, DOCS / 'site/execute.py', notebook])
    return clone


@pytest.fixture(scope='module')
def printed(clone):
    """What the cells print, by their names."""
    notebook = nbformat.read(clone / 'docs/quickstart.ipynb', as_version=4)
    return {
        cell.id: ''.join(output.get('text', '') for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == 'code'
    }


def test_the_model_that_comes_with_the_package(printed):
    assert ', 17 keypoints of coco, float32' in printed['model']


def test_training_raises_ap(printed):
    """The teacher goes on from the student alone."""
    alone, teacher, distilled = (
        float(re.fullmatch(r'AP of the .*: ([\d.]+)\n', printed[name])[1])
        for name in ('alone', 'teacher', 'distilled')
    )
    assert teacher > alone and 0 < distilled < 1


def test_the_exported_file_agrees_with_pytorch(printed):
    """By its own account; and the image that the notebook shows."""
    pixels = float(re.search(r'keypoints (\S+) px', printed['export'])[1])
    assert pixels < 1e-3
    loaded, shape, wrist = printed['exported'].splitlines()
    assert loaded == 'PyTorch is loaded: False'
    assert re.search(r': \([1-9]\d*, 17, 2\)$', shape)
    assert wrist.startswith('left_wrist of the first: (')
