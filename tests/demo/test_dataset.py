"""The demo's dataset: its files, and what it leaves alone."""

import contextlib
import io
import json
import shutil

import cv2
import numpy as np
import pytest

from distilpose_demo import make_dataset
from distilpose_demo.body import KEYPOINTS, SKELETON
from distilpose_runtime.errors import UserValueError

SPLITS = {'train2017': 4, 'val2017': 3}


def make(folder, **options):
    options = {'num_train': 4, 'num_val': 3, 'progress': False, **options}
    return make_dataset(folder, **options)


def content(folder):
    """All files of a folder: their paths in it and their bytes."""
    files = (path for path in folder.rglob('*') if path.is_file())
    return {x.relative_to(folder).as_posix(): x.read_bytes() for x in files}


def labels(folder, split):
    path = folder / f'annotations/person_keypoints_{split}.json'
    return json.loads(path.read_text())


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp('made') / 'coco')


@pytest.mark.parametrize('split', SPLITS)
def test_annotations_describe_the_pictures(made, split):
    found = labels(made, split)
    sizes = {}
    for i, image in enumerate(found['images'], 1):
        assert image['file_name'] == f'{i:012d}.jpg'
        pixels = cv2.imread(str(made / split / image['file_name']))
        assert pixels.shape == (image['height'], image['width'], 3)
        sizes[image['id']] = (image['width'], image['height'])
    assert len(sizes) == SPLITS[split] == len([*(made / split).iterdir()])
    people = found['annotations']
    assert {a['image_id'] for a in people} == set(sizes)
    assert [a['id'] for a in people] == list(range(1, len(people) + 1))
    for a in people:
        keypoints = np.array(a['keypoints']).reshape(17, 3)
        labelled = keypoints[:, 2] > 0
        assert a['num_keypoints'] == labelled.sum() > 0
        assert (keypoints[~labelled] == 0).all()
        np.testing.assert_array_equal(keypoints, keypoints.round(2))
        x, y, width, height = a['bbox']
        offset = keypoints[labelled, :2] - (x, y)
        assert (offset >= 0).all() and (offset <= (width, height)).all()
        assert x + width <= sizes[a['image_id']][0]
        assert y + height <= sizes[a['image_id']][1]
        assert 0.15 < a['area'] / (width * height) < 0.8
        assert (a['category_id'], a['iscrowd']) == (1, 0)


def test_mmpose_reads_it_with_cocos_own_joints(made):
    from mmpose.datasets import CocoDataset

    with contextlib.redirect_stdout(io.StringIO()):
        read = CocoDataset(
            data_root=str(made),
            ann_file='annotations/person_keypoints_val2017.json',
            data_prefix=dict(img='val2017/'),
        )
    people = labels(made, 'val2017')['annotations']
    assert len(read) == len(people)
    names = read.metainfo['keypoint_id2name']
    assert tuple(names[i] for i in range(17)) == KEYPOINTS
    links = [(a - 1, b - 1) for a, b in SKELETON]
    assert [tuple(link) for link in read.metainfo['skeleton_links']] == links
    expected = np.array(people[0]['keypoints']).reshape(17, 3)
    np.testing.assert_allclose(read[0]['keypoints'][0], expected[:, :2])


def test_same_seed_gives_the_same_bytes(made, tmp_path):
    assert content(make(tmp_path / 'again')) == content(made)
    assert [p.name for p in tmp_path.iterdir()] == ['again']
    other = content(make(tmp_path / 'other', seed=1))
    first = content(made)
    pictures = [name for name in first if name.endswith('.jpg')]
    assert all(other[name] != first[name] for name in pictures)
    assert len({first[name] for name in pictures}) == len(pictures)


def test_a_complete_dataset_is_left_as_it_is(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / 'data')
    (folder / 'val2017' / '000000000002.jpg').write_bytes(b'mine')
    before = content(folder)
    assert make(folder) == folder
    assert content(folder) == before


@pytest.mark.parametrize('manifest, options, match', [
    (None, {'seed': 1}, '\'seed\': 1.*"seed": 0'),
    (None, {'num_train': 5}, '\'num_train\': 5.*"num_train": 4'),
    (None, {'num_val': 2}, '\'num_val\': 2.*"num_val": 3'),
    ('{"version": 1}', {}, 'json says {"version": 1}. Name another'),
    ('', {}, 'remove that one'),
])  # fmt: skip
def test_something_else_is_an_error(made, tmp_path, manifest, options, match):
    folder = shutil.copytree(made, tmp_path / 'data')
    if manifest is not None:
        (folder / 'dataset.json').write_text(manifest)
    before = content(folder)
    with pytest.raises(UserValueError, match=match):
        make(folder, **options)
    assert content(folder) == before


def test_files_of_the_user_are_left_alone(tmp_path):
    photo = tmp_path / 'beach.jpg'
    photo.write_bytes(b'sand')
    for place in (tmp_path, photo):
        with pytest.raises(ValueError, match='says nothing. Name another'):
            make(place)
    assert content(tmp_path) == {'beach.jpg': b'sand'}


@pytest.mark.parametrize(
    'options', [{'seed': -1}, {'num_train': 0}, {'num_val': -3}]
)
def test_arguments_are_checked_before_anything_is_written(tmp_path, options):
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f'{name}={value}.*expected'):
        make(tmp_path / 'data', **options)
    assert not list(tmp_path.iterdir())
