"""Work on the next thing while somebody uses this one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["one_ahead"]

Item = TypeVar("Item")


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Give items in order, making the next one in a thread meanwhile.

    Parameters
    ----------
    items : iterable
        Used by one thread at a time.

    Yields
    ------
    Item
        An exception of `items` is raised at its place. At most two items are alive.

    Examples
    --------
    >>> list(one_ahead(x * x for x in range(4)))
    [0, 1, 4, 9]
    """
    end: Any = object()
    iterator = iter(items)
    with ThreadPoolExecutor(1, "oddjet-ahead") as pool:
        coming = pool.submit(next, iterator, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, iterator, end)
            yield item
