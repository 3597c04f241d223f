"""Stages in threads of their own: order, room, errors, ends."""

import threading
import time
from contextlib import closing

import pytest

from distilpose_runtime.overlap import overlapped


def test_items_keep_their_order_in_as_many_threads_as_stages():
    threads = []

    def slow(item):
        threads.append(threading.get_ident())
        time.sleep(0.003 * (item % 3))
        return item + 1

    def double(item):
        threads.append(threading.get_ident())
        return 2 * item

    found = overlapped(iter(range(20)), [slow, double], lambda item: 5)
    assert list(found) == [2 * (i + 1) for i in range(20)]
    assert len({*threads, threading.get_ident()}) == 3
    assert list(overlapped([], [slow, double], lambda item: 5)) == []


def test_stages_overlap():
    """Two stages wait for each other, of which each has another item."""
    meet = threading.Barrier(2, timeout=5)
    stages = [lambda x: x > 0 and meet.wait(), lambda x: x is not False]
    first = overlapped(range(4), stages, lambda item: 2)
    second = overlapped(range(3), [lambda x: meet.wait()], lambda item: 2)
    other = threading.Thread(target=list, args=[second])
    other.start()
    assert len(list(first)) == 4
    other.join()


@pytest.mark.parametrize('room', [1, 3, 7])
def test_no_more_items_than_room(room):
    """Those that were taken and did not come out yet; two at the start."""
    taken, most, out = [], 0, 0

    def source():
        for i in range(30):
            taken.append(i)
            yield i

    for _ in overlapped(source(), [lambda x: x], lambda item: room):
        time.sleep(0.002)  # or nothing would pile up
        most = max(most, len(taken) - out)
        out += 1
    assert out == 30 and most <= max(2, room + 1)
    assert room < 7 or most >= room


@pytest.mark.parametrize('place', [0, 1, 2])
def test_an_error_comes_in_its_turn_and_ends_all_threads(place):
    """Of the source, or of either stage."""
    before = threading.active_count()

    def fails(number, item):
        if place == number and item == 3:
            raise ValueError(f'{item} in {number}')
        return item

    source = (fails(0, item) for item in range(10))
    stages = [lambda x: fails(1, x), lambda x: fails(2, x)]
    found = []
    with pytest.raises(ValueError, match=f'^3 in {place}$'):
        for item in overlapped(source, stages, lambda item: 4):
            found.append(item)
    assert found == [0, 1, 2]
    assert threading.active_count() == before


def test_closed_early():
    """What waits is dropped; only what is in hand is finished."""
    before, done = threading.active_count(), []

    def slow(item):
        time.sleep(0.01)
        done.append(item)
        return item

    pictures = overlapped(range(1000), [slow], lambda item: 8)
    with closing(pictures):
        assert next(pictures) == 0
    assert threading.active_count() == before
    assert len(done) <= 3
