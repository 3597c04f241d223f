"""Files and folders are whole or not there, whatever happens meanwhile."""

import os

import pytest

from distilpose_runtime.files import written_folder, written_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('error', [OSError, ValueError, KeyboardInterrupt])
def test_the_old_file_stays_after_an_error(tmp_path, error):
    file = tmp_path / 'a.json'
    file.write_text('old')
    with pytest.raises(error), written_whole(file) as partial:
        partial.write_text('new, not to its end')
        assert file.read_text() == 'old'
        raise error
    with pytest.raises(error), written_folder(tmp_path / 'a') as partial:
        (partial / 'b').write_text('')
        raise error
    assert file.read_text() == 'old' and names(tmp_path) == ['a.json']


def test_a_file_takes_its_place_at_the_end(tmp_path):
    """And what a kill left before is overwritten."""
    file = tmp_path / 'new' / 'a.json'
    for text in ('first', 'second'):
        file.parent.mkdir(exist_ok=True)
        (file.parent / '.a.json.partial').write_text('longer than the others')
        with written_whole(file) as partial:
            partial.write_text(text)
        assert file.read_text() == text and names(file.parent) == ['a.json']


def test_a_link_stays(tmp_path):
    file, link = tmp_path / 'elsewhere' / 'a.json', tmp_path / 'link.json'
    file.parent.mkdir()
    file.write_text('old')
    link.symlink_to('elsewhere/a.json')
    with written_whole(link) as partial:
        partial.write_text('new')
    assert link.is_symlink() and file.read_text() == 'new'
    assert names(file.parent) == ['a.json']


@pytest.mark.parametrize('sync', [True, False])
def test_on_the_disk_before_it_gets_its_name(tmp_path, sync, monkeypatch):
    file, done = tmp_path / 'a.json', []

    def fsync(number):
        done.append(os.fstat(number).st_size)
        assert not file.exists()

    monkeypatch.setattr(os, 'fsync', fsync)
    with written_whole(file, sync=sync) as partial:
        partial.write_text('four')
    assert done == ([4] if sync else [])


def test_a_file_without_content_is_an_error(tmp_path):
    """A writer that writes nothing leaves the old one."""
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / 'a'):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize('there', [False, True])
def test_folder(tmp_path, there):
    """One that is there is filled, not replaced; a kill's rest is gone."""
    folder = tmp_path / 'data'
    if there:
        folder.mkdir()
        number = os.stat(folder).st_ino
    (tmp_path / '.data.partial').mkdir()
    (tmp_path / '.data.partial' / 'stale').write_text('')
    with written_folder(folder) as partial:
        assert names(partial) == []
        (partial / 'part').mkdir()
        (partial / 'part' / 'a').write_text('')
        (partial / 'b').write_text('')
    assert names(folder) == ['b', 'part'] and names(tmp_path) == ['data']
    assert names(folder / 'part') == ['a']
    assert not there or os.stat(folder).st_ino == number
