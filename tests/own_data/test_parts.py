"""The parts of ``distilpose init`` on their own."""

import numpy as np
import pytest

from distilpose.keypoints.names import (
    guess_skeleton,
    is_lower,
    mirror_pairs,
    sigma,
)
from distilpose_own_data.exchanged import check_sides
from distilpose_own_data.render import Name, render
from distilpose_own_data.report import Report
from distilpose_own_data.schedule import choose_schedule

from .dialects import KEYPOINTS, scenes


@pytest.mark.parametrize(
    'left, right',
    [
        ('left_eye', 'right_eye'),
        ('Left Eye', 'Right Eye'),
        ('LEye', 'REye'),
        ('L_F_Paw', 'R_F_Paw'),
        ('eye-l', 'eye-r'),
        ('earL', 'earR'),
        ('leftear', 'rightear'),
        ('lear', 'rear'),
        ('wingl', 'wingr'),
        ('toe_left_2', 'toe_right_2'),
        ('left', 'right'),
    ],
)
def test_mirror_pairs(left, right):
    names = ['nose', right, 'tail', left]
    assert mirror_pairs(names) == ([(3, 1)], [])


def test_names_that_are_of_no_side():
    names = ['nose', 'leg1', 'lower_lip', 'rear', 'rib', 'l', 'll', 'bright']
    assert mirror_pairs(names) == ([], [])
    assert mirror_pairs(['left_ear', 'tail']) == ([], ['left_ear'])


def test_skeleton_of_a_body():
    names = ['left_hip', 'right_hip', 'left_knee', 'right_knee', 'neck']
    links = {frozenset(link) for link in guess_skeleton(names)}
    assert links == {frozenset(x) for x in ((0, 2), (1, 3), (0, 1))}
    links = guess_skeleton(['spine1', 'tail', 'spine2', 'spine3'])
    assert links == [(0, 2), (2, 3)]


def test_sizes_and_halves():
    assert sigma('L_Shoulder') == 0.079 and sigma('antenna') == 0.05
    assert is_lower('right knee') and not is_lower('shipping')


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


def test_render_gives_the_same_value():
    value = dict(
        type='A',
        n=Name('k'),
        sizes=(1,),
        of={0: dict(a=[1.5, None, True]), 1: []},
        long=['x' * 30, dict(b='y' * 30, c=('z' * 10, 2))] * 2,
    )
    text = render(value)
    assert eval(text, dict(k=7)) == {**value, 'n': 7}
    assert max(map(len, text.splitlines())) <= 79
    assert 'n=k' in text
