"""How ``distilpose init`` finds the photos that a file names."""

import shutil
from pathlib import Path

import pytest
from mmengine.config import Config

from distilpose_own_data.photos import _is_named_after

from .dialects import Files
from .runs import SPLITS, names_of_images, start


@pytest.fixture
def copied(files, tmp_path):
    """A copy of the files, to change the photos."""
    shutil.copytree(files.images, tmp_path / 'files')
    at = files.train.relative_to(files.images)
    return Files(tmp_path / 'files' / at, tmp_path / 'files')


def test_photo_that_cannot_be_read(copied, tmp_path):
    photo = next(copied.images.rglob('0003.png'))
    photo.write_bytes(photo.read_bytes()[:5000])
    report = start(copied, tmp_path / 'run')
    assert any('1 of 12 images cannot be read' in w for w in report.warnings)


def test_photos_of_equal_names_in_folders_of_splits(pictures, tmp_path):
    """As COCO lays them out, and the demo: 1.jpg is there twice."""
    file = 'annotations/person_keypoints_{}2017.json'.format
    files = Files(*(pictures / file(x) for x in SPLITS))
    files = Files(files.train, pictures, files.images)
    assert not start(files, tmp_path / 'run').errors
    for kind, number in (('train', 24), ('val', 8)):
        names = names_of_images(tmp_path / 'run', kind)
        assert {name.split('/')[0] for name in names} == {f'{kind}2017'}
        assert len({*names}) == number
    # Elsewhere, not even the file's name tells; a folder for each does.
    t, v = (
        Path(shutil.copy(file, tmp_path / f'{kind}.json'))
        for file, kind in ((files.train, 't'), (files.val, 'v'))
    )
    report = start(Files(t, pictures, v), tmp_path / 'other')
    assert '8 of 24 images have a name that several' in report.errors[0]
    folders = (pictures / 'train2017', pictures / 'val2017')
    files = Files(t, folders[0], v)
    report = start(files, tmp_path / 'other', val_images=folders[1])
    assert not report.errors and not report.warnings
    config = Config.fromfile(tmp_path / 'other/config.py')
    assert config.images == f'{pictures}/'
    names = names_of_images(tmp_path / 'other', 'val')
    assert names[0].startswith('val2017/')


def test_the_same_photos_twice(files, copied, tmp_path):
    """As beside labels of a teacher: each file has its own below it."""
    made = tmp_path / 'made'
    shutil.copytree(copied.images / 'images/default/cam1', made / 'images')
    copied.train.rename(copied.images / 'mine.json')
    labels = files.changed(
        made / 'labels.json',
        lambda c: [
            x.update(file_name=Path(x['file_name']).name) for x in c['images']
        ],
    )
    report = start(
        Files(copied.images / 'mine.json', tmp_path),
        tmp_path / 'run',
        unlabelled=labels.train,
    )
    assert not report.errors
    for kind, folder in (('train', 'files'), ('unlabelled', 'made')):
        names = names_of_images(tmp_path / 'run', kind)
        assert {Path(name).parts[0] for name in names} == {folder}
        assert len(names) == 11  # neither holds the one of the validation


@pytest.mark.parametrize('file, folder, expected', [
    ('person_keypoints_train2017', 'train2017', True),
    ('instances_train2017', 'train', True),
    ('validation', 'val', True),
    ('cam_1', 'cam1', True),
    ('labels-a', 'a', True),
    ('labels', 'a', False),
    ('labels', 'l', False),
    ('train2017', '17', False),
    ('cam12', 'cam1', False),
    ('labels', '', False),
    ('labels', '_', False),
])  # fmt: skip
def test_files_that_are_named_after_a_folder(file, folder, expected):
    assert _is_named_after(file, folder) == expected


def test_photos_in_folders_of_one_letter(files, copied, tmp_path):
    """An "a" is in "labels", which are of the photos below their folder."""
    photos = copied.images / 'images/default/cam1'
    made = copied.images / 'made'
    shutil.copytree(photos, made / 'images')
    photos.rename(photos.with_name('a'))
    labels = files.changed(
        made / 'labels.json',
        lambda c: [
            x.update(file_name=Path(x['file_name']).name) for x in c['images']
        ],
    )
    assert not start(
        labels._replace(images=copied.images), tmp_path / 'run'
    ).errors
    names = names_of_images(tmp_path / 'run')
    assert {Path(name).parts[0] for name in names} == {'made'}


def test_photos_in_a_linked_folder(copied, tmp_path):
    linked = tmp_path / 'photos'
    linked.mkdir()
    (linked / '2024').symlink_to(copied.images)
    (linked / 'above').symlink_to(tmp_path)  # not to be searched
    (copied.images / 'circle').symlink_to(linked)
    report = start(copied._replace(images=linked), tmp_path / 'run')
    assert not report.errors
    names = names_of_images(tmp_path / 'run')
    assert names and all(name.startswith('2024/') for name in names)


def test_letters_of_a_mac(copied, tmp_path):
    """Its file names have accents apart from their letters."""
    photo = next(x for x in copied.images.rglob('0*.png'))
    photo.rename(photo.with_name('Mu\u0308ller.png'))
    name = dict(file_name='M\u00fcller.png')
    copied = copied.changed(
        copied.train, lambda c: c['images'][int(photo.stem)].update(name)
    )
    assert not start(copied, tmp_path / 'run').errors
    names = [names_of_images(tmp_path / 'run', kind) for kind in SPLITS]
    assert 'Mu\u0308ller' in str(names)
