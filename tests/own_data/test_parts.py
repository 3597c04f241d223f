"""The parts of ``distilpose init`` on their own."""

import numpy as np
import pytest

from distilpose.checks.report import Report
from distilpose_own_data.exchanged import check_sides
from distilpose_own_data.schedule import choose_schedule

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


def test_sides_of_a_person():
    """Shoulders point to one side, hips to the other; by chance they do not
    where they are close together."""
    places = dict(
        left_shoulder=(60, 20, 2),
        right_shoulder=(30, 20, 2),
        left_hip=(35, 70, 2),
        right_hip=(55, 70, 2),
    )
    keypoints = [v for k in KEYPOINTS for v in places.get(k, (0, 0, 0))]
    person = dict(id=99, bbox=[0, 0, 50, 100], keypoints=keypoints)
    found = sides([*people(), person])
    assert found.startswith('1 of 15 people')
    assert 'annotation 99.' in found
    assert not sides([*people(), dict(person, bbox=[0, 0, 50, 150])])


@pytest.mark.parametrize('left_x, told', [(60, False), (40, True)])
def test_sides_of_a_face(left_x, told):
    """Half turned away, so that the nose is not below the middle."""
    places = dict(left_eye=(left_x, 20, 2), right_eye=(100 - left_x, 20, 2))
    places['nose'] = (58, 30, 2)
    keypoints = [v for k in KEYPOINTS for v in places.get(k, (0, 0, 0))]
    person = dict(id=99, bbox=[0, 0, 50, 100], keypoints=keypoints)
    assert ('annotation 99.' in sides([*people(), person])) == told


@pytest.mark.parametrize(
    'number, epochs, batch, rotate',
    [
        (1, 300, 1, 80),
        (999, 300, 32, 80),
        (1000, 100, 32, 60),
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
