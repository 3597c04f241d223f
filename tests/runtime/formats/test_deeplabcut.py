"""DeepLabCut's tables; other libraries read them in test_readers."""

import sys

import numpy as np
import pandas
import pytest

from distilpose_runtime.formats import FILES, expect_format, write

from .predictions import NAMES, points, scores, write_video

CSV = FILES['deeplabcut-csv']


def read(path, levels):
    return pandas.read_csv(path, header=[*range(levels)], index_col=0)


def test_one_person(tmp_path):
    """A row for each frame, with those that were not taken."""
    tracks = {1: [-1], 4: [-1]}
    video = write_video(tmp_path / 'p.json', tracks, numbered=False)
    assert write(video, 'deeplabcut-csv') == []
    table = read(tmp_path / CSV, 3)
    assert table.columns.names == ['scorer', 'bodyparts', 'coords']
    assert table.index.tolist() == [0, 1, 2, 3, 4]
    assert table.index[table.isna().all(axis=1)].tolist() == [0, 2, 3]
    for frame in (1, 4):
        values = table.loc[frame].to_numpy().reshape(3, 3)
        assert values[:, :2].tolist() == points(frame, 0).tolist()
        assert values[:, 2].tolist() == scores(frame, 0).tolist()
    assert table.columns.get_level_values(1).unique().tolist() == NAMES


def test_tracks_are_individuals(tmp_path):
    video = write_video(tmp_path / 'p.json')
    assert write(video, 'deeplabcut-csv') == [
        f'{CSV} lacks 2 poses of people who had no number yet.'
    ]
    table = read(tmp_path / CSV, 4)['distilpose']
    people = table.columns.get_level_values(0).unique()
    assert people.tolist() == ['person3', 'person8']
    assert table['person3'].dropna().index.tolist() == [2]
    values = table['person8'].dropna().to_numpy().reshape(2, 3, 3)
    expected = [points(2, 1), points(6, 0)]
    assert np.array_equal(values[..., :2], expected)


def test_several_people_without_numbers_are_refused(tmp_path):
    """Before the run, and of results that nobody numbered."""
    video = write_video(tmp_path / 'p.json', numbered=False)
    with pytest.raises(ValueError, match='2 people are in picture 0') as told:
        write(video, 'deeplabcut-csv')
    assert '--track' in str(told.value) and '\n' not in str(told.value)
    assert [x.name for x in tmp_path.iterdir()] == ['p.json']
    with pytest.raises(ValueError, match='--largest 1'):
        expect_format('deeplabcut-csv', one_person=False)
    expect_format('deeplabcut-csv', one_person=True)
    expect_format('csv', one_person=False)


@pytest.mark.parametrize(
    'name, package', [('deeplabcut', 'tables'), ('deeplabcut-csv', 'pandas')]
)
def test_without_the_package(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r'distilpose\[deeplabcut\]'):
        expect_format(name, one_person=True)
