"""The parts of ``distilpose init`` on their own."""

from pathlib import Path

import numpy as np
import pytest

from distilpose.checks.report import Report
from distilpose_own_data.coco_file import Annotations
from distilpose_own_data.left_right import check_sides
from distilpose_own_data.people import tidy_people
from distilpose_own_data.schedule import choose_schedule
from distilpose_own_data.splits import Split, set_aside

from .dialects import KEYPOINTS, scenes


def people(change=lambda k: k):
    """Drawn people, their visible keypoints changed."""
    return [
        dict(
            id=i,
            bbox=person.bbox.tolist(),
            keypoints=change(person.keypoints.copy()).reshape(-1).tolist(),
        )
        for i, person in enumerate(p for s in scenes() for p in s.people)
    ]


FLIP = [0, *(i + 1 if i % 2 else i - 1 for i in range(1, 17))]


def turn(keypoints):
    keypoints[:, :2] = keypoints[:, :2] @ np.array([[0.6, 0.8], [-0.8, 0.6]])
    return keypoints


def sides(people):
    check_sides(people, KEYPOINTS, report := Report())
    return ' '.join(report.warnings)


def test_sides_of_a_whole_file():
    """Turned or not, only a mirror image is one."""
    assert sides(people()) == sides(people(turn)) == ''
    for change in (lambda k: k[FLIP], lambda k: turn(k[FLIP])):
        assert 'exchanged in the whole file' in sides(people(change))


def person(height=100, **places):
    """One person with few keypoints, each (x, y)."""
    keypoints = [
        float(v)
        for k in KEYPOINTS
        for v in ((*places[k], 2) if k in places else (0, 0, 0))
    ]
    return dict(id=99, bbox=[0, 0, 50, height], keypoints=keypoints)


def trunk(angle, height=100):
    """Shoulders point to the right, hips, 20 pixels apart, to an angle."""
    x, y = 20 * np.cos(np.radians(angle)), 20 * np.sin(np.radians(angle))
    return person(
        height,
        left_shoulder=(60, 20),
        right_shoulder=(30, 20),
        left_hip=(40 + x, 70 + y),
        right_hip=(40, 70),
    )


def face(angle):
    """The nose is at an angle from the line between the eyes."""
    x, y = 10 * np.cos(np.radians(angle)), 10 * np.sin(np.radians(angle))
    eyes = dict(left_eye=(60, 20), right_eye=(40, 20))
    return person(nose=(50 + x, 20 + y), **eyes)


@pytest.mark.parametrize(
    'case, told',
    [
        (trunk(180), True),
        (trunk(135), True),  # cosine -0.707
        (trunk(134), False),  # -0.695
        (trunk(180, 133), True),
        (trunk(180, 134), False),  # 20 of them are less than 0.15
        (face(90), False),
        (face(-90), True),
        (face(-18), True),  # sine -0.309
        (face(-17), False),  # -0.292: seen from the side
    ],
)
def test_sides_of_a_person(case, told):
    """Only what is clear, and by its name."""
    found = sides([*people(), case])
    assert ('1 of 15 people' in found and 'annotation 99.' in found) == told
    assert bool(found) == told


@pytest.mark.parametrize(
    'mirrored, right, whole',
    [(9, 0, False), (10, 0, True), (8, 2, False), (9, 2, True)],
)
def test_when_it_is_the_whole_file(mirrored, right, whole):
    """From ten faces on, more than 80 % of which are mirrored."""
    found = sides([face(-90)] * mirrored + [face(90)] * right)
    assert ('in the whole file' in found) == whole
    assert (f'{mirrored} of {mirrored + right} people' in found) != whole


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
