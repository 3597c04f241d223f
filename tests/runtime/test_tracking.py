"""Numbers that people keep."""

import sys

import numpy as np
import pytest

from distilpose_runtime.people import People

from .test_follower import IMAGE, World


def test_without_the_package(monkeypatch):
    for name in [x for x in sys.modules if x.split('.')[0] == 'trackers']:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, 'trackers', None)
    monkeypatch.delitem(
        sys.modules, 'distilpose_runtime.tracking', raising=False
    )
    with pytest.raises(ImportError, match=r'distilpose\[tracking\]'):
        import distilpose_runtime.tracking  # noqa: F401


def test_numbers_follow_people():
    """Two people pass, change places in the list, and one comes back."""
    pytest.importorskip('trackers')
    from distilpose_runtime.tracking import Tracker

    tracker = Tracker(rate=20.0, min_score=0.35)
    numbers = dict(left=set(), right=set())
    for i in range(30):
        boxes = dict(
            left=[50 + 4 * i, 20, 90 + 4 * i, 120],
            right=[400 - 4 * i, 140, 440 - 4 * i, 240],
        )
        if 10 <= i < 15:
            del boxes['right']  # out of sight
        names = sorted(boxes, reverse=bool(i % 2))
        scores = np.full(len(names), 0.4, np.float32)
        people = People(np.array([boxes[x] for x in names], float), scores)
        found = tracker(people, i / 20)
        assert found.shape == (len(names),)
        for name, number in zip(names, found):
            numbers[name].add(int(number))
    # -1 in the first frame.
    assert [len(x) for x in numbers.values()] == [2, 2]
    assert numbers['left'] & numbers['right'] == {-1}
    nobody = People(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    assert tracker(nobody, 2.0).shape == (0,)


def test_numbers_stay_between_detections():
    """With a detector in every fifth frame, whose boxes are a little off, and
    which misses the second person once.
    """
    pytest.importorskip('trackers')
    from distilpose_runtime.tracking import Tracker

    world, tracker = World(every=5), Tracker(20.0, 0.35)
    numbers = []
    for i in range(25):
        world.missed = [1] if 10 <= i < 15 else []
        boxes, scores = world.find()
        boxes += 4 * (-1) ** (i // 5)
        people, _ = world.follow(IMAGE, lambda found=(boxes, scores): found)
        numbers.append(tracker(people, i / 20).tolist())
        world.boxes += [[5, 2, 5, 2], [-4, 2, -4, 2]]
    assert len(set(map(tuple, numbers[1:]))) == 1
    assert -1 not in numbers[1] and numbers[1][0] != numbers[1][1]
