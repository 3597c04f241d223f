"""Keypoints of teacher and student are matched by name."""

import pytest
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from distilpose.keypoints.matching import describe_match, match_keypoints
from distilpose.keypoints.metainfo import config_metainfo, keypoint_names
from distilpose.zoo.find import read_config


def names(dataset):
    file = f'configs/_base_/datasets/{dataset}.py'
    return keypoint_names(parse_pose_metainfo(dict(from_file=file)))


@pytest.mark.parametrize('teacher, found, first', [
    ('halpe26', 17, [*range(17)]),
    ('coco_wholebody', 17, [*range(17)]),
    ('aic', 12, [None] * 5 + [3, 0]),
    ('crowdpose', 12, [None] * 5 + [0, 1]),
])  # fmt: skip
def test_coco_students_of_other_datasets(teacher, found, first):
    index = match_keypoints(names(teacher), names('coco'))
    assert sum(i is not None for i in index) == found
    assert index[: len(first)] == first
    others = names(teacher)
    for name, i in zip(names('coco'), index):
        assert i is None or others[i] == name


def test_the_top_of_the_head_has_two_names():
    index = match_keypoints(names('aic'), names('crowdpose'))
    assert None not in index
    assert names('aic')[index[12]] == 'head_top'


def test_equal_keypoints_need_no_selection():
    assert match_keypoints(names('coco'), names('coco')) is None
    assert match_keypoints(['Left Eye', 'nose'], ['left-eye', 'Nose']) is None
    assert match_keypoints(['a', 'b'], ['b', 'a']) == [1, 0]
    assert match_keypoints(None, ['a']) is match_keypoints(['a'], None) is None


def test_a_common_nose_is_not_enough():
    with pytest.raises(ValueError, match='have 1 of them in common'):
        match_keypoints(names('ap10k'), names('coco'))


@pytest.mark.parametrize('teacher, student, found', [
    ('abcd', 'abxyz', [0, 1, None, None, None]),  # half of the shorter list
    ('abcd', 'axyz', None),
    ('a', 'abcd', [0, None, None, None]),
    ('abcde', 'abxyz', None),  # less than half of both
    ('', 'a', []),
])  # fmt: skip
def test_half_of_the_shorter_list_must_be_common(teacher, student, found):
    if found is None:
        with pytest.raises(ValueError, match='of them in common'):
            match_keypoints([*teacher], [*student])
    else:
        assert (match_keypoints([*teacher], [*student]) or []) == found


def test_numbers_of_other_data_are_not_names():
    """LaPa's kpt-20 lies on the chin, that of 300W on a brow."""
    with pytest.raises(ValueError, match='have 0 of them in common'):
        match_keypoints(names('lapa'), names('300w'))
    assert match_keypoints(names('300w'), names('300wlp')) is None
    teacher, student = ['kp 1', 'kp 2', 'nose'], ['nose', 'KP1']
    assert match_keypoints(teacher, student) == [2, None]
    assert match_keypoints(teacher, [*student, 'kp2']) == [2, 0, 1]


def test_chosen_keypoints():
    assert match_keypoints(['a', 'b'], None, ['B', 0, None]) == [1, 0, None]
    assert match_keypoints(None, None, [2, None]) == [2, None]
    for choice in ('c', 2, -1, 1.5):
        with pytest.raises(ValueError, match=f'names {choice!r}.* a, b'):
            match_keypoints(['a', 'b'], None, [choice])


def test_the_table_for_the_log():
    text = describe_match([1, None], ['x', 'y'], ['why', 'z'])
    assert '1 of the 2' in text and 'why <- y' in text
    assert 'from labels alone: z. Scores come from the teacher' in text


@pytest.mark.parametrize('subset, number', [('upper', 6), ('lower', 4)])
def test_datasets_of_which_a_config_takes_a_part(subset, number):
    """MMPose names their keypoints only when such a dataset is built."""
    name = f'td-hm_res50_8xb64-210e_deepfashion_{subset}-256x192'
    metainfo = config_metainfo(read_config(name, with_mmpose=True))
    assert len(keypoint_names(metainfo)) == number


@pytest.mark.parametrize('wrapper', [
    lambda x: dict(type='RepeatDataset', times=2, dataset=x),
    lambda x: dict(type='ConcatDataset', datasets=[x, x]),
])  # fmt: skip
def test_datasets_in_others(wrapper):
    """They go before the test data, of which a model may give a part."""
    file = 'configs/_base_/datasets/halpe26.py'
    train = dict(type='CocoDataset', metainfo=dict(from_file=file))
    config = dict(
        train_dataloader=dict(dataset=wrapper(wrapper(train))),
        test_dataloader=dict(dataset=dict(type='CocoDataset')),
    )
    metainfo = config_metainfo(Config(config))
    assert keypoint_names(metainfo) == names('halpe26')
