"""The stages of a work that overlap: each runs in a thread of its own.

ONNX Runtime, OpenCV and PyAV work outside Python's lock, so that threads use
as many cores.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

__all__ = ['overlapped']

END = object()


def overlapped(
    source: Iterable,
    stages: Sequence[Callable[[Any], Any]],
    room: Callable[[Any], int],
) -> Generator[Any, None, None]:
    """Send items through functions, one item after another in each.

    The items come out in the order of the source. The error of a function or
    of the source is raised where its item would come out. Close the iterator
    to end the threads: each ends after the item that it has in hand.

    Args:
        source: The items. They are taken in a thread, too.
        stages: The functions, each of which takes what the one before gave.
        room: From what came out last, how many items may be under way.
            Before the first comes out, these are two.

    Yields:
        What the last function gives, item by item.
    """
    items = iter(source)
    with ExitStack() as ends:
        pools = [ThreadPoolExecutor(1) for _ in range(len(stages) + 1)]
        # The last ends first: it may wait for what those before it give.
        for pool in pools:
            ends.callback(pool.shutdown, cancel_futures=True)

        def start() -> Future:
            result = pools[0].submit(next, items, END)
            for pool, stage in zip(pools[1:], stages):
                result = pool.submit(_after, result, stage)
            return result

        under_way = deque([start(), start()])
        while (item := under_way.popleft().result()) is not END:
            yield item
            while len(under_way) < max(1, room(item)):
                under_way.append(start())


def _after(before: Future, stage: Callable[[Any], Any]) -> Any:
    item = before.result()
    return item if item is END else stage(item)
