"""Who is left out, and how pictures are numbered."""

from collections import Counter

import numpy as np
import pytest

from distilpose_runtime.frames import Frame
from distilpose_runtime.media import Images
from distilpose_runtime.people import Finder, People, choose, image_ids

IMAGE = np.zeros((100, 200, 3), np.uint8)
BOXES = np.array([
    [0, 0, 50, 50],
    [10, 10, 10, 40],  # no width
    [-30, -30, 20, 90],  # partly outside
    [300, 10, 340, 60],  # outside
    [np.nan, 0, 10, 10],
    [0, 0, 20, 20],
], np.float32)  # fmt: skip
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


@pytest.mark.parametrize('boxes, scores, largest, kept', [
    (BOXES, SCORES, 1, [2]),
    (BOXES, [0.9, np.nan, np.inf, 1, 1, 0.9], 2, [0, 5]),
    ([[0, 0, x, x] for x in (9, 5, 99, 50)], [1] * 4, 3, [0, 2, 3]),
    (np.empty((0, 4)), [], 3, []),
])  # fmt: skip
def test_choose_the_largest(boxes, scores, largest, kept):
    boxes, left_out = np.array(boxes, np.float32), Counter()
    people = People(boxes, np.array(scores, np.float32))
    found = choose(people, IMAGE, 0.0, largest, left_out)
    assert found.boxes.tolist() == boxes[kept].tolist()
    if largest == 1:
        assert left_out['is not among the largest'] == 2


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
