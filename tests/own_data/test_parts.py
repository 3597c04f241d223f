"""The parts of ``distilpose init`` on their own."""

from pathlib import Path

import numpy as np
import pytest

from distilpose.checks.report import Report
from distilpose_own_data.annotation_file import Annotations
from distilpose_own_data.config_text import Variable, fill
from distilpose_own_data.left_right import check_faces
from distilpose_own_data.people import tidy_people
from distilpose_own_data.schedule import choose_schedule
from distilpose_own_data.splits import Split, set_aside

from .dialects import KEYPOINTS, scenes

FACE = dict(left_eye=(60, 20), right_eye=(40, 20), nose=(50, 30))


def face(visible=2, **places):
    """Somebody seen from the front, of whom only the face is labelled."""
    k = np.zeros((17, 3))
    for name, place in (FACE | places).items():
        k[KEYPOINTS.index(name)] = *place, visible
    return k


def exchanged(*people):
    people = [
        dict(id=i, keypoints=k.ravel().tolist()) for i, k in enumerate(people)
    ]
    check_faces(people, KEYPOINTS, report := Report())
    return ' '.join(report.warnings)


def turned(keypoints):
    place = keypoints[:, :2] @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    return np.c_[place, keypoints[:, 2]]


def test_faces_of_mirror_images():
    """Turned or not, only a mirror image is one."""
    people = [person.keypoints for s in scenes() for person in s.people]
    assert exchanged(*people) == exchanged(*map(turned, people)) == ''
    flip = [0, *(i + 1 if i % 2 else i - 1 for i in range(1, 17))]
    for change in (lambda k: k[flip], lambda k: turned(k[flip])):
        told = exchanged(*map(change, people[:3]), *people[3:])
        assert told.startswith('3 of 13 faces') and 'annotation 2.' in told


@pytest.mark.parametrize(
    'person, told',
    [
        (face(nose=(50, 10)), True),
        (face(nose=(50, 10), visible=1), False),
        (face(nose=(50 - 9.5, 20 - 3.1)), True),  # at an angle of sine 0.31
        (face(nose=(50 - 9.5, 20 - 2.9)), False),  # 0.29: seen from the side
    ],
)
def test_faces_that_are_clear(person, told):
    assert exchanged(face(), person).startswith('1 of 2 faces') == told


@pytest.mark.parametrize(
    'change, box, area',
    [
        (dict(bbox=[10, 10, 80, 50], area=40), [10, 10, 80, 50], 40),
        (dict(bbox=[10, 10, 80, 50], area=39), [10, 10, 80, 50], 2120),
        (dict(bbox=[10, 10, 80, 50], area=6000), [10, 10, 80, 50], 6000),
        (dict(bbox=[10, 10, 80, 50], area=6001), [10, 10, 80, 50], 2120),
        (dict(bbox=[10, 10, 80, 50]), [10, 10, 80, 50], 2120),
        (dict(bbox=[98.9, 10, 80, 50]), [98.9, 10, 80, 50], 2120),
        # Made of keypoints from (20, 30) to (60, 40), with a tenth of 40.
        (dict(bbox=[99, 10, 80, 50]), [16, 26, 48, 18], 457.92),
        (dict(), [16, 26, 48, 18], 457.92),
    ],
)
def test_boxes_and_areas(change, box, area):
    keypoints = [20, 30, 2, 60, 40, 1]
    given = dict(id=1, image_id=7, keypoints=keypoints, **change)
    image = dict(id=7, file_name='a.png', width=100, height=80)
    read = Annotations(Path(), ['a', 'b'], [], [image], [given])
    (found,) = tidy_people(read, {7: dict(image, id=1)}, report := Report())
    assert found['bbox'] == box and found['area'] == pytest.approx(area)
    told = [w in str(report.changes) for w in ('had an area', 'had no box')]
    # Areas that are not given are made without a word.
    assert told == [
        'area' in change and area != change['area'],
        box != change.get('bbox'),
    ]


@pytest.mark.parametrize('ids', [{}, dict(id=None)])
def test_people_without_ids(ids):
    """Those whose id is null are not taken for one."""
    image = dict(id=7, file_name='a.png', width=100, height=80)
    given = [
        dict(ids, image_id=7, keypoints=[x, 30, 2], bbox=[x - 9, 9, 40, 40])
        for x in (20, 30)
    ]
    read = Annotations(Path(), ['a'], [], [image], given)
    found = tidy_people(read, {7: image}, report := Report())
    assert [x['id'] for x in found] == ['number 1', 'number 2']
    assert str(report) == ''


@pytest.mark.parametrize(
    'number, kept', [(1, 1), (2, 1), (14, 1), (16, 2), (30, 3)]
)
def test_a_tenth_is_set_aside(number, kept):
    images = [dict(id=i, file_name=f'{i}.png') for i in range(number)]
    parts = set_aside(Split(images, []), Report())
    assert len(parts['val'].images) == kept
    assert len(parts['train'].images) == max(1, number - kept)


@pytest.mark.parametrize(
    'number, epochs, batch, rotate',
    [
        (1, 300, 1, 80),
        (999, 300, 32, 80),
        (1000, 100, 32, 60),
        (19_999, 100, 32, 60),
        (20_000, 210, 32, 90),
    ],
)
def test_schedule(number, epochs, batch, rotate):
    schedule = choose_schedule(number)
    assert (schedule.epochs, schedule.batch_size) == (epochs, batch)
    assert schedule.augmentation[0]['rotate_factor'] == rotate
    assert epochs % schedule.val_interval == 0
    types = [t['type'] for t in schedule.augmentation]
    assert ('PhotometricDistortion' in types) == (number < 1000)


def test_text_of_a_config():
    """Dicts stand in lines of their own, other values fill theirs."""
    short = dict(type='Adam', lr=0.1, size=(1,), count=Variable('number'))
    long = [*range(10**6, 10**6 + 12)]
    text = fill('a = $a\nb = $b', a=short, b=dict(x=1, y=short, long=long))
    first, second = (', '.join(map(str, x)) for x in (long[:8], long[8:]))
    adam = "dict(type='Adam', lr=0.1, size=(1,), count=number)"
    assert text == (
        f'a = {adam}\n'
        'b = dict(\n'
        '    x=1,\n'
        f'    y={adam},\n'
        f'    long=[\n        {first},\n        {second},\n    ],\n'
        ')'
    )
