"""The drawn people: labels against what was painted."""

import numpy as np

from distilpose_demo.body import KEYPOINTS
from distilpose_demo.canvas import SCALE, Canvas
from distilpose_demo.figure import pose_figure
from distilpose_demo.people import draw_people

SEEDS = range(12)
SIDE = 420  # of the test's canvas, pixels
PLACE = (210.3, 200.7, 300.0)  # of the pelvis, and the stature; pixels


def figure_of(seed, from_back=None):
    return pose_figure(np.random.default_rng(seed), from_back)


def paint(*figures, places=None, rng=None):
    canvas = Canvas(SIDE, SIDE)
    places = places or [PLACE] * len(figures)
    return canvas, draw_people(canvas, figures, places, rng)


def painted(canvas):
    """Where the grey of the bare canvas is gone, in the picture."""
    return (canvas.picture() != 128).any(axis=2)


def test_pupils_are_drawn_at_the_eyes():
    checked, place = 0, (210.3, 480.7, 600.0)
    rows, columns = np.indices((SIDE, SIDE))
    for seed in SEEDS:
        figure = figure_of(seed, from_back=False)
        canvas, (person,) = paint(figure, places=[place])
        grey = canvas.picture().max(axis=2).astype(float)
        for x, y, visibility in person.keypoints[1:3]:
            if visibility != 2:
                continue
            # The white of the eye reaches to about 8 pixels.
            near = np.hypot(columns - x, rows - y) < 8
            dark = np.clip(100 - grey, 0, None) * near
            assert dark.sum() > 1000
            found_x = (dark * columns).sum() / dark.sum()
            found_y = (dark * rows).sum() / dark.sum()
            np.testing.assert_allclose((found_x, found_y), (x, y), atol=0.2)
            checked += 1
    assert checked >= 12


def test_left_and_right_are_the_persons_own():
    hidden_noses = [0, 0]
    for seed in range(60):
        for from_back in (False, True):
            figure = figure_of(seed, from_back)
            for joint in ('shoulder', 'hip'):
                left = figure.joints[KEYPOINTS.index(f'left_{joint}'), 0]
                right = figure.joints[KEYPOINTS.index(f'right_{joint}'), 0]
                assert (left < right) == from_back
            hidden_noses[from_back] += figure.turned_away[0]
    assert hidden_noses[0] <= 3 and hidden_noses[1] >= 57


def test_objects_hide_exactly_the_keypoints_they_cover():
    hidden = 0
    for seed in range(30):
        figure = figure_of(seed)
        bare, (before,) = paint(figure)
        rng = np.random.default_rng(seed)
        covered, (after,) = paint(figure, rng=rng)
        np.testing.assert_array_equal(
            before.keypoints[:, :2], after.keypoints[:, :2]
        )
        assert before.area == after.area
        for (x, y, was), (*_, now) in zip(before.keypoints, after.keypoints):
            row, column = (round((v + 0.5) * SCALE - 0.5) for v in (y, x))
            around = np.s_[row - 1 : row + 2, column - 1 : column + 2]
            pair = bare.pixels[around], covered.pixels[around]
            changed = np.not_equal(*pair).any(axis=2)
            if changed.all():
                assert now == 1
            elif not changed.any():  # else it is an object's soft edge
                assert now == was
            hidden += was == 2 and now == 1
    assert hidden >= 10


def test_a_person_in_front_hides_another():
    figure = figure_of(3, from_back=False)
    _, (alone,) = paint(figure)
    _, (behind, front) = paint(figure, figure)
    assert (alone.keypoints[:, 2] == 2).sum() >= 15
    assert (behind.keypoints[:, 2] == 1).all()
    np.testing.assert_array_equal(front.keypoints, alone.keypoints)
    assert behind.area == front.area


def test_joints_outside_the_picture_are_not_labelled():
    figure = figure_of(3)
    _, (whole,) = paint(figure)
    moved = (PLACE[0] - 211, *PLACE[1:])
    _, (part,) = paint(figure, places=[moved])
    outside = whole.keypoints[:, 0] < 211
    assert 3 <= outside.sum() <= 14
    assert (part.keypoints[outside] == 0).all()
    assert (part.keypoints[~outside, 2] > 0).all()
    np.testing.assert_allclose(
        part.keypoints[~outside, :2],
        whole.keypoints[~outside, :2] - (211, 0),
        atol=1e-9,
    )
    assert part.bbox[0] == 0
    assert 0.2 * whole.area < part.area < 0.8 * whole.area


def test_box_and_area_are_those_of_what_was_painted():
    for seed in SEEDS:
        canvas, (person,) = paint(figure_of(seed))
        silhouette = painted(canvas)
        rows, columns = np.nonzero(silhouette)
        low = np.array([columns.min(), rows.min()])
        high = np.array([columns.max(), rows.max()]) + 1
        np.testing.assert_allclose(person.bbox[:2], low, atol=1)
        np.testing.assert_allclose(
            person.bbox[:2] + person.bbox[2:], high, atol=1
        )
        # A pixel of which only a part is painted counts in full here.
        assert 0.94 < person.area / silhouette.sum() < 1
