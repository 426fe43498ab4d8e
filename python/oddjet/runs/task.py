"""One piece of work that somebody watches."""

from __future__ import annotations

import time

__all__ = ["Task"]


class Task:
    """A named piece of work that counts what is done.

    Attributes
    ----------
    name : str
        What is being done.
    total : int or None
        How much there is to do, None where nobody knows.
    done : int
        How much is done.
    started : float
        When it began, on the clock `time.monotonic` [s].
    """

    __slots__ = ("done", "name", "started", "total")

    def __init__(self, name: str, total: int | None = None) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self.started = time.monotonic()

    def advance(self, n: int = 1) -> None:
        """Count `n` more as done."""
        self.done += n
