"""What is drawn of people, and where."""

from dataclasses import replace

import numpy as np
import pytest

from distilpose_runtime import Poses, draw
from distilpose_runtime.appearance import LEFT, PEOPLE, RIGHT

IMAGE = np.full((400, 300, 3), 90, np.uint8)
BACKGROUND = (90, 90, 90)
# Two arms and a tail: what is left, right, and in the middle.
NAMES = ['left_elbow', 'left_wrist', 'right_elbow', 'right_wrist', 'tail']
POINTS = np.array([[60, 100], [60, 300], [240, 100], [240, 300], [150, 350]])
SKELETON = [(0, 1), (2, 3), (0, 2), (3, 4)]


def poses(scale=1, **changes):
    """One person, 360 pixels high."""
    found = dict(
        keypoints=scale * POINTS[None].astype(float),
        scores=np.full((1, 5), 0.9),
        sigmas=scale * np.array([[[30, 10], *[[2, 2]] * 4]], float),
        boxes=scale * np.array([[20, 20, 280, 380]], float),
        names=NAMES,
        skeleton=SKELETON,
    )
    return Poses(**{**found, **changes})


def two_people():
    """The second is above the first, and at the right."""
    one = poses(0.5)
    return poses(
        keypoints=np.concatenate([one.keypoints, one.keypoints + [140, 20]]),
        boxes=np.concatenate([one.boxes, one.boxes + [140, 20] * 2]),
        scores=np.full((2, 5), 0.9),
        sigmas=None,
    )


def at(picture, x, y):
    """The RGB colour of a pixel."""
    return tuple(int(c) for c in picture[y, x][::-1])


def drawn(picture):
    """How many pixels are not the background's."""
    return (picture != 90).any(-1).sum()


def scored(*scores):
    return poses(scores=np.array([scores], float))


def test_limbs_tell_sides_and_the_rest_tells_the_person():
    for number in (0, 1, len(PEOPLE) + 1):
        picture = draw(IMAGE, poses(), numbers=[number])
        own = PEOPLE[number % len(PEOPLE)]
        assert at(picture, 60, 200) == LEFT
        assert at(picture, 240, 200) == RIGHT
        assert at(picture, 150, 100) == own  # between left and right
        assert all(at(picture, *point) == own for point in POINTS)
    assert (IMAGE == 90).all()
    assert at(picture, 150, 200) == BACKGROUND


@pytest.mark.parametrize('scale', [0.5, 2, 8])
def test_widths_follow_the_person(scale):
    size = round(400 * scale), round(300 * scale)
    image = np.full((*size, 3), 90, np.uint8)
    picture = draw(image, poses(scale))
    row = picture[round(200 * scale), : round(150 * scale)]
    radius = 250 * scale / 60
    # The limb and its outline, and what is smoothed at both sides.
    assert drawn(row) == pytest.approx(1.9 * radius, abs=2.5)


def test_a_box_of_the_whole_picture_makes_nobody_thick():
    given = drawn(draw(IMAGE, poses(0.25)))
    loose = poses(0.25, boxes=np.array([[0, 0, 300, 400]]))
    assert drawn(draw(IMAGE, loose)) == pytest.approx(given, rel=0.15)


def test_crowded_keypoints_are_smaller():
    """With their outlines, so that a face can be seen."""
    eyes = [[100, 100], [110, 100], [105, 108], [60, 300], [240, 350]]
    picture = draw(IMAGE, poses(keypoints=np.array([eyes]), skeleton=[]))
    crowded = pytest.approx(2 * 0.18 * 10 * 1.4, abs=2)
    assert drawn(picture[100, 90:105]) == crowded
    alone = pytest.approx(2 * 250 / 60 * 1.4, abs=2)
    assert drawn(picture[300, 45:75]) == alone


def test_unsure_keypoints_are_hollow():
    """Up to a score of 0.5; limbs end at them."""
    scores = np.full((1, 5), 0.4)
    picture = draw(IMAGE, scored(0.4, 0.5, 0.9, 0.9, 0.9))
    x, y = POINTS[0]
    assert at(picture, x, y) == BACKGROUND
    assert at(picture, x, y + 1) == BACKGROUND
    assert picture[y - 6 : y, x].min(-1).max() > 150  # the white ring
    assert at(picture, *POINTS[1]) == PEOPLE[0]
    assert at(picture, 60, 200) == LEFT
    large = draw(np.tile(IMAGE, (4, 4, 1)), poses(4, scores=scores))
    ring = large[400, 245:265]  # of a radius of 20 at 240
    assert (ring.min(-1) > 200).sum() == pytest.approx(5, abs=1)
    small = draw(IMAGE, poses(0.1, scores=scores))
    assert at(small, 6, 10) == BACKGROUND


def test_what_is_left_out():
    """Keypoints of low scores or without a place, and their limbs."""
    picture = draw(IMAGE, scored(0.9, 0.1, 0.9, 0.9, 0.9))
    assert at(picture, *POINTS[1]) == BACKGROUND
    assert at(picture, 60, 200) == BACKGROUND
    assert at(picture, *POINTS[0]) == PEOPLE[0]
    some = draw(IMAGE, scored(0.9, 0.1, 0.9, 0.9, 0.9), min_score=0.1)
    assert at(some, 60, 200) == LEFT
    nowhere = poses().keypoints
    nowhere[0, 1] = np.nan
    lost = draw(IMAGE, poses(keypoints=nowhere))
    assert np.array_equal(lost, picture)
    assert np.array_equal(draw(IMAGE, poses(), parts=()), IMAGE)


def test_boxes_and_ellipses():
    boxes = draw(IMAGE, poses(), parts=['boxes'])
    assert at(boxes, 20, 200) == at(boxes, 280, 200) == PEOPLE[0]
    assert (boxes[30:370, 30:270] == 90).all()
    assert (boxes[:15] == 90).all()
    sigmas = draw(IMAGE, poses(), parts=['sigmas'])
    rows, columns = np.nonzero((sigmas[:200, :150] != 90).any(-1))
    # One pixel more is smoothed at each side.
    assert np.ptp(rows) == pytest.approx(20, abs=2)
    assert np.ptp(columns) == pytest.approx(60, abs=2)
    none = draw(IMAGE, poses(sigmas=None), parts=['sigmas'])
    assert np.array_equal(none, IMAGE)


@pytest.mark.parametrize('corner', [(-40, -30), (290, 390), (100, 20)])
def test_numbers_stay_inside(corner):
    """Whole, wherever the person is."""

    def painted(x, y):
        one = poses(0.2, boxes=np.array([[x, y, x + 50, y + 90]], float))
        return drawn(draw(IMAGE, one, parts=['ids'], numbers=[17]))

    assert painted(*corner) == painted(100, 200) > 100
    unknown = draw(IMAGE, poses(), parts=['ids'], numbers=[-1])
    assert np.array_equal(unknown, IMAGE)


def test_numbers_do_not_hide_each_other():
    both = two_people()
    for box in both.boxes:
        same = replace(both, boxes=np.stack([box, box]))
        one, two = [
            drawn(draw(IMAGE, same, 0.3, ['ids'], given))
            for given in ([5, -1], [5, 5])
        ]
        assert two == 2 * one > 100


def test_small_people_are_drawn_last():
    """Whatever their order; each has a colour."""
    both = two_people()
    picture = draw(IMAGE, both)
    assert at(picture, 30, 50) == PEOPLE[0]
    assert at(picture, 170, 70) == PEOPLE[1]
    same = both.keypoints[:1].repeat(2, 0)
    boxes = both.boxes[:1] * [[1, 1, 1, 1], [1, 1, 0.5, 0.5]]
    for order in ([0, 1], [1, 0]):
        crowd = replace(both, keypoints=same, boxes=boxes[order])
        picture = draw(IMAGE, crowd, numbers=np.array([3, 4])[order])
        assert at(picture, 30, 50) == PEOPLE[4]


def test_names_without_sides_keep_the_models_colours():
    plain = poses(names=['a', 'b', 'c', 'd', 'e'])
    own = draw(IMAGE, plain)
    assert at(own, 60, 200) == at(own, 60, 100) == PEOPLE[0]
    red, green = (255, 0, 0), (0, 255, 0)
    colors = dict(keypoint_colors=[red] * 5, skeleton_colors=[green] * 4)
    colored = draw(IMAGE, replace(plain, **colors))
    assert at(colored, 60, 200) == green and at(colored, 60, 100) == red
    sided = draw(IMAGE, poses(**colors))
    assert at(sided, 60, 200) == LEFT


def test_far_away_nobody_and_no_such_part():
    draw(IMAGE, poses(keypoints=np.full((1, 5, 2), 1e12)))
    empty = np.zeros((0, 5, 2))
    nobody = Poses(empty, empty[..., 0], None, empty[:, 0], NAMES, SKELETON)
    everything = 'poses', 'boxes', 'sigmas', 'ids'
    assert np.array_equal(draw(IMAGE, nobody, parts=everything), IMAGE)
    with pytest.raises(ValueError, match='"pose" cannot be drawn. Expected'):
        draw(IMAGE, poses(), parts=['pose'])


def test_one_keypoint_is_as_large_as_the_box_says():
    """It has no spread that could tell a size."""
    one = dict(keypoints=np.full((1, 1, 2), 100.0), scores=np.full((1, 1), 1))
    found = poses(**one, sigmas=None, names=['nose'], skeleton=[])
    # A radius of a 60th of the size, 306.
    assert drawn(draw(IMAGE, found)) > 80
