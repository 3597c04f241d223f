import math
import re

import pytest

from distilpose.checks.annotations import check_people
from distilpose.checks.report import Report
from distilpose.checks.structure import check_structure

from . import files


def check(content, num_keypoints=files.K):
    findings = Report()
    if check_structure(content, findings):
        check_people(content, num_keypoints, findings)
    return findings


def change(number, **changes):
    """Twenty people, some of whom are changed."""
    content = files.content()
    for person in content['annotations'][:number]:
        for key, value in changes.items():
            person[key] = value(person) if callable(value) else value
    return content


def keypoint(*values, at=1):
    """Put a keypoint in place of another."""

    def replace(person):
        keypoints = list(person['keypoints'])
        keypoints[3 * at : 3 * at + 3] = values
        return keypoints

    return replace


def nested(person):
    values = person['keypoints']
    return [values[i : i + 3] for i in range(0, len(values), 3)]


def test_nothing_to_tell():
    assert check(files.content()) == Report()
    assert check(files.content(), None) == Report()
    assert check(change(20, keypoints=nested)) == Report()


@pytest.mark.parametrize('value', [math.nan, None, math.inf])
def test_keypoints_that_nobody_sees_may_be_anything(value):
    for keypoints in (keypoint(value, value, 0), keypoint(value, 3, 0)):
        assert check(change(20, keypoints=keypoints)) == Report()


@pytest.mark.parametrize('changes, message', [
    (dict(keypoints=lambda p: p['keypoints'][:-3]), 'length than 15.*12 n'),
    (dict(keypoints=lambda p: p['keypoints'][:-1]), 'length than 15.*14 n'),
    (dict(keypoints=keypoint(math.nan, 1, 2)), 'NaN, null or infinite'),
    (dict(keypoints=keypoint(1, None, 1)), 'NaN, null or infinite'),
    (dict(keypoints=keypoint(math.inf, 1, 2)), 'NaN, null or infinite'),
    (dict(keypoints=keypoint(1, 1, math.nan)), 'NaN, null or infinite'),
    (dict(bbox=None), 'not four finite numbers.*First: 100'),
    (dict(bbox=[1, 2, 3]), 'not four finite numbers'),
    (dict(bbox=[1, 2, math.nan, 4]), 'not four finite numbers'),
    (dict(id=100 + 5), 'annotations have an id that another one has'),
])  # fmt: skip
def test_one_person_is_an_error(changes, message):
    """Told with its number and its name."""
    (text,) = check(change(1, **changes)).errors
    assert re.match(f'1 of 20 .*{message}', text)


@pytest.mark.parametrize('changes, message', [
    (dict(bbox=[0.1, 0.1, 0.6, 0.8]), 'box (bbox) within 0..1'),
    (dict(keypoints=[0.5, 0.5, 2] * files.K, bbox=[0, 0, 2, 2]),
     'keypoints within 0..1'),
    (dict(bbox=[95, 80, 20, 15]), 'no visible keypoint in or near'),
    # More than half of the box beside it.
    (dict(keypoints=[41, 40, 2] * files.K, bbox=[10, 10, 20, 20]),
     'no visible keypoint in or near'),
])  # fmt: skip
def test_suspicious_in_one_and_wrong_in_many(changes, message):
    few, many = (check(change(number, **changes)) for number in (1, 2))
    assert any(message in text for text in few.warnings) and not few.errors
    assert any(message in text for text in many.errors)


@pytest.mark.parametrize('changes, message', [
    (dict(keypoints=keypoint(30, 30, -1)), 'negative visibility'),
    (dict(keypoints=keypoint(121, 30, 2)), 'outside of their image'),
    (dict(keypoints=keypoint(119, 30, 2)), ''),
    (dict(bbox=[60, 10, 81, 80]), 'reaches far out'),  # 21 of 81
    (dict(bbox=[60, 10, 80, 80]), ''),  # 20 of 80
    (dict(bbox=[10, -21, 80, 80]), 'reaches far out'),
    (dict(bbox=[10, -20, 80, 80]), ''),
    (dict(area=0), 'an area that cannot be'),
    (dict(area=63), 'an area that cannot be'),
    (dict(area=64), ''),  # a hundredth of the box
    (dict(area=9600), ''),  # 1.5 of it
    (dict(area=9601), 'an area that cannot be'),
    (dict(area=None), ''),
    # Half of the box beside it.
    (dict(keypoints=[40, 40, 2] * files.K, bbox=[10, 10, 20, 20], area=200),
     ''),
])  # fmt: skip
def test_told_and_no_error(changes, message):
    findings = check(change(20, **changes))
    assert not findings.errors
    assert [message in text for text in findings.warnings] == (
        [True] if message else []
    )


def test_images_that_contradict_each_other():
    content = files.content()
    content['images'].append(dict(content['images'][0]))
    findings = check(content)  # given twice, but equal
    assert not findings.errors and '1 of 21 images' in findings.warnings[0]
    content['images'].pop()
    content['images'][3]['file_name'] = '7.png'
    findings = check(content)
    assert not findings.errors
    assert findings.warnings[0].startswith('1 of 20 images are listed under')
    content['images'][3].update(file_name='3.png', id=7)
    findings = check(content)
    assert findings.errors[0].startswith('1 of 20 images have an id that')
    assert findings.warnings == [  # its person is left without an image
        '1 of 20 annotations are of an image that the file does not name: not '
        'used.'
    ]


@pytest.mark.parametrize('changes, reason', [
    (dict(image_id=77), 'are of an image that the file does not name'),
    (dict(iscrowd=1), 'are crowds'),
    (dict(num_keypoints=0), 'have num_keypoints 0'),
    (dict(bbox=[200, 200, 9, 9]), 'have a box (bbox) without any area'),
    (dict(bbox=[20, 20, 0, 9]), 'have a box (bbox) without any area'),
    (dict(keypoints=[0, 0, 0] * files.K), 'have no keypoint but at (0, 0)'),
    (dict(keypoints=[]), 'have no keypoint but at (0, 0)'),
])  # fmt: skip
def test_nobody_left(changes, reason):
    """The same people as MMPose drops, with the reason."""
    (text,) = check(change(20, **changes)).errors
    assert f'Of 20 annotations MMPose uses none: 20 {reason}' in text
    # One alone is no matter, usual ones are not even warned of.
    findings = check(change(1, **changes))
    assert not findings.errors
    usual = 'crowds' in reason or 'num_keypoints' in reason
    (told,) = findings.facts if usual else findings.warnings
    assert told.startswith(f'1 of 20 annotations {reason}')


@pytest.mark.parametrize('key', ['bbox', 'keypoints'])
def test_nobody_has(key):
    content = files.content()
    for person in content['annotations']:
        del person[key]
    assert f'20 have no "{key}"' in check(content).errors[0]
    assert 'there are none' in check(dict(images=[])).errors[0]


def test_missing_keys():
    content = files.content()
    del content['annotations'][4]['id'], content['images'][2]['file_name']
    first, second = check(content).errors
    assert first.startswith('1 of 20 images lack id or file_name.')
    assert second.endswith(
        'annotations lack id or image_id. They are counted from 0. First: 4.'
    )


def test_any_number_of_keypoints_but_one():
    """Where the pipeline makes others of them."""
    content = files.content(num_keypoints=7)
    assert check(content, None) == Report()
    content['annotations'][1]['keypoints'] *= 2
    assert 'annotation 101 with 42 numbers' in check(content, None).errors[0]


def test_keypoints_that_are_no_numbers():
    findings = check(change(1, keypoints=keypoint('a', 1, 2)))
    assert 'are not numbers' in findings.errors[0]
