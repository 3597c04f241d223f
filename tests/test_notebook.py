"""The notebook, as it is stored: whole, clean, and true of today's model."""

import base64
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

DOCS = Path(__file__).parents[1] / 'docs'
PHOTOS = 'photos'
# What another machine or another day would print otherwise: paths, progress
# bars, warnings, times.
STRAY = re.compile(r'/(?:\w+/)+|\r|%\||[Ww]arning|\d\d:\d\d|20\d\d-')


@pytest.fixture(scope='module')
def notebook():
    found = nbformat.read(DOCS / 'quickstart.ipynb', as_version=4)
    nbformat.validate(found)
    return found


@pytest.fixture(scope='module')
def cells(notebook):
    """The cells with code, by their names."""
    return {
        cell.id: cell for cell in notebook.cells if cell.cell_type == 'code'
    }


def printed(cell):
    return ''.join(
        output.text
        for output in cell.outputs
        if output.output_type == 'stream'
    )


def test_it_ran_from_first_cell_to_last(notebook, cells):
    counts = [cell.execution_count for cell in cells.values()]
    assert counts == [*range(1, len(counts) + 1)]
    assert not any(cell.metadata for cell in notebook.cells)


def test_outputs_are_clean_and_small(cells):
    images = 0
    for cell in cells.values():
        assert not STRAY.search(printed(cell)), printed(cell)
        for output in cell.outputs:
            if output.output_type == 'stream':
                assert output.name == 'stdout'
            else:
                assert output.output_type == 'display_data'
                images += len(base64.b64decode(output.data['image/jpeg']))
    assert 0 < images < 150_000


def test_the_model_predicts_what_is_stored(
    cells, tmp_path, monkeypatch, capsys
):
    """Step 1, from the folder of docs; else `make notebook` is due."""
    shutil.copytree(DOCS / PHOTOS, tmp_path / 'docs' / PHOTOS)
    monkeypatch.chdir(tmp_path / 'docs')
    monkeypatch.setattr(plt, 'show', lambda: plt.close('all'))
    names = [*cells][: [*cells].index('sigmas') + 1]
    variables = {}
    for name in names:
        source = cells[name].source
        exec(re.sub('^%.*$', '', source, flags=re.MULTILINE), variables)
    assert (tmp_path / 'work_dirs/quickstart').is_dir()
    number = re.compile(r'\d+\.\d')
    found = capsys.readouterr().out
    stored = ''.join(printed(cells[name]) for name in names)
    assert number.sub('N', found) == number.sub('N', stored)
    # The largest sigmas, pixels; processors round in other ways.
    sigmas = [*map(float, number.findall(stored))]
    assert [*map(float, number.findall(found))] == pytest.approx(
        sigmas, abs=0.2
    )
    assert len(sigmas) == 5 and sigmas == sorted(sigmas, reverse=True)
