"""What is drawn of poses, and where."""

import numpy as np

from distilpose_runtime import Poses, draw

IMAGE = np.zeros((200, 300, 3), np.uint8)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def poses(**changes):
    """One person: red, green and blue keypoints and a line of two."""
    found = dict(
        keypoints=np.array([[[100, 100], [200, 100], [150, 40]]], float),
        scores=np.array([[0.9, 0.9, 0.9]]),
        sigmas=np.array([[[30, 10], [5, 5], [5, 5]]], float),
        boxes=np.array([[50, 20, 250, 180]], float),
        names=['a', 'b', 'c'],
        skeleton=[(0, 1)],
        keypoint_colors=[RED, GREEN, BLUE],
        skeleton_colors=[(255, 255, 0)],
    )
    return Poses(**{**found, **changes})


def at(picture, x, y):
    """The RGB colour of a pixel."""
    return tuple(int(c) for c in picture[y, x][::-1])


def test_everything_is_where_it_should_be():
    picture = draw(IMAGE, poses())
    assert not IMAGE.any()
    assert at(picture, 100, 100) == RED
    assert at(picture, 200, 100) == GREEN
    assert at(picture, 150, 40) == BLUE
    red, green, blue = at(picture, 160, 100)  # the line
    assert red == green > 200 > blue
    assert min(at(picture, 50, 90)) > 150  # the box
    red = picture[..., 2].astype(int) - picture[..., 1]
    rows, columns = np.nonzero(red > 99)  # the first keypoint's ellipse
    assert (rows.min(), rows.max()) == (90, 110)
    assert columns.min() == 70


def test_what_is_left_out():
    few = draw(IMAGE, poses(), boxes=False, ellipses=False)
    assert at(few, 50, 90) == (0, 0, 0) and at(few, 70, 100) == (0, 0, 0)
    assert np.array_equal(few, draw(IMAGE, poses(sigmas=None), boxes=False))
    unsure = draw(IMAGE, poses(scores=np.array([[0.9, 0.1, 0.9]])))
    assert at(unsure, 200, 100) == (0, 0, 0)
    assert at(unsure, 160, 100) == (0, 0, 0)  # no line without its end
    assert at(unsure, 150, 40) == BLUE
    nowhere = poses().keypoints
    nowhere[0, 2] = np.nan
    assert at(draw(IMAGE, poses(keypoints=nowhere)), 100, 100) == RED


def test_colours_of_models_without():
    """One for each keypoint, all different."""
    plain = poses(keypoint_colors=None, skeleton_colors=None)
    picture = draw(IMAGE, plain)
    colors = {at(picture, *p) for p in ((100, 100), (200, 100), (150, 40))}
    assert len(colors) == 3 and (0, 0, 0) not in colors


def test_far_away_and_nobody():
    far = poses(keypoints=np.full((1, 3, 2), 1e12))
    draw(IMAGE, far)
    nobody = poses(
        keypoints=np.zeros((0, 3, 2)),
        scores=np.zeros((0, 3)),
        sigmas=None,
        boxes=np.zeros((0, 4)),
    )
    assert not draw(IMAGE, nobody).any()
