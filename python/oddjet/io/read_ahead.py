"""Several files read at a time, in threads; events come out as if one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from threading import Event as Flag
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Chunks of a file that may wait to be taken; bounds the memory.
_WAITING = 2
_PATIENCE_SECONDS = 0.1


class _End:
    """Marks the end of a stream."""


@dataclass
class _Stream(Generic[Item]):
    """The stream of one input on its way between two threads."""

    queue: Queue[Item | _End] = field(default_factory=lambda: Queue(_WAITING))
    future: Future[None] | None = None

    def fill(self, items: Iterator[Item], stop: Flag) -> None:
        try:
            for item in items:
                self._put(item, stop)
                if stop.is_set():
                    return
        finally:
            self._put(_End(), stop)

    def drain(self) -> Iterator[Item]:
        while not isinstance(item := self.queue.get(), _End):
            yield item
        if self.future is not None:
            self.future.result()  # raises what the thread raised

    def _put(self, item: Item | _End, stop: Flag) -> None:
        while not stop.is_set():
            try:
                self.queue.put(item, timeout=_PATIENCE_SECONDS)
            except Full:
                continue
            return


def read_ahead(
    streams: Sequence[Callable[[], Iterator[Item]]], workers: int
) -> Iterator[Item]:
    """Run streams in threads, `workers` at a time, and give their items in order.

    Parameters
    ----------
    streams : sequence of callables
        Each begins one stream; called in a thread.
    workers : int
        Streams that run at a time, >= 1.

    Yields
    ------
    Item
        All of the first stream, then all of the second, and so on; an exception of
        a stream is raised at its place.

    Examples
    --------
    >>> list(read_ahead([lambda: iter("ab"), lambda: iter("c")], workers=2))
    ['a', 'b', 'c']
    """
    stop = Flag()
    waiting = deque(streams)
    running: deque[_Stream[Item]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="oddjet-read") as pool:

        def start_next() -> None:
            if waiting:
                stream: _Stream[Item] = _Stream()
                begin = waiting.popleft()
                stream.future = pool.submit(lambda: stream.fill(begin(), stop))
                running.append(stream)

        for _ in range(workers):
            start_next()
        try:
            while running:
                yield from running[0].drain()
                running.popleft()
                start_next()
        finally:
            stop.set()
            _empty(running)


def _empty(running: deque[_Stream[Item]]) -> None:
    """Let threads that wait for a place go on and see that they should stop."""
    for stream in running:
        try:
            while True:
                stream.queue.get_nowait()
        except Empty:
            continue
