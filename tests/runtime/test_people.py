"""Who is left out, and how pictures are numbered."""

from collections import Counter

import numpy as np
import pytest

from distilpose_runtime.frames import Frame
from distilpose_runtime.media import Images
from distilpose_runtime.people import (
    Finder,
    People,
    WholePicture,
    choose,
    image_ids,
)

IMAGE = np.zeros((100, 200, 3), np.uint8)
BOXES = np.array(
    [
        [0, 0, 50, 50],
        [10, 10, 10, 40],  # no width
        [-30, -30, 20, 90],  # partly outside
        [300, 10, 340, 60],  # outside
        [np.nan, 0, 10, 10],
        [0, 0, 20, 20],
    ],
    np.float32,
)
SCORES = np.array([0.9, 0.9, 0.5, 0.9, 0.9, 0.2], np.float32)


def frame(name, time=None, number=0):
    return Frame(IMAGE, name, number, time)


def test_choose():
    faults = Counter()
    found = choose(People(BOXES, SCORES), IMAGE, 0.35, None, faults)
    assert found.boxes.tolist() == [[0, 0, 50, 50], [-30, -30, 20, 90]]
    assert found.scores == pytest.approx([0.9, 0.5])
    assert faults == {
        'has no area': 1,
        'lies outside the image of 200 x 100 pixels': 1,
        'is not finite': 1,
        'has a low score': 1,
    }


def test_choose_the_largest():
    left_out = Counter()
    found = choose(People(BOXES, SCORES), IMAGE, 0.0, 1, left_out)
    assert found.boxes.tolist() == [[-30, -30, 20, 90]]
    assert left_out['is not among the largest'] == 2
    scores = np.array([0.9, np.nan, np.inf, 1, 1, 0.9], np.float32)
    found = choose(People(BOXES, scores), IMAGE, 0.0, 2, Counter())
    assert found.boxes.tolist() == [[0, 0, 50, 50], [0, 0, 20, 20]]
    ordered = [[0, 0, 9, 9], [0, 0, 5, 5], [0, 0, 99, 99], [0, 0, 50, 50]]
    four = People(np.array(ordered, np.float32), np.ones(4, np.float32))
    found = choose(four, IMAGE, 0.0, 3, Counter())
    assert found.boxes.tolist() == [ordered[0], *ordered[2:]]
    empty = People(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert len(choose(empty, IMAGE, 0.0, 3, Counter()).boxes) == 0


def test_whole_picture():
    people = WholePicture().find(frame('a'), 0.9)
    assert people.boxes.tolist() == [[0, 0, 200, 100]]
    assert people.scores.tolist() == [1]


def test_image_ids(tmp_path):
    """As COCO names its images; else counted."""

    def ids(names):
        source = Images([tmp_path / x for x in names], tmp_path, 'x')
        image_id = image_ids(source, Finder())
        return [
            image_id(frame(name, number=i)) for i, name in enumerate(names)
        ]

    assert ids(['000000000139.jpg', '0285.png']) == [139, 285]
    assert ids(['139.jpg', 'b.jpg']) == [1, 2]
    assert ids(['139.jpg', '0139.jpg']) == [1, 2]
    image_id = image_ids(object(), Finder())
    assert image_id(frame('a.mp4', time=1.0, number=30)) == 30
