"""How far long work has come.

A task only counts; one background thread looks at the counters now and then
and shows them. So `Task.advance` costs an addition, whoever looks.
"""

from __future__ import annotations

import copy
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from oddjet.runs.displays import LineDisplay, RichDisplay, SilentDisplay
from oddjet.runs.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from oddjet.runs.displays import Display

__all__ = ["Progress", "Relay", "Task"]

# What a worker tells its parent: ("advanced", number of the task, done).
Event = tuple[Any, ...]


class Progress:
    """Shows tasks: bars on a terminal, otherwise lines on the standard error.

    Without a terminal a task has a line when it starts, one a minute, and one
    when it ends. Inside a worker process the same calls reach the parent.

    Parameters
    ----------
    display : Display, optional
        Where to show it; by default what fits the standard error.

    Examples
    --------
    >>> with Progress.silent() as progress, progress.task("jets", total=2) as task:
    ...     task.advance()
    """

    def __init__(self, display: Display | None = None) -> None:
        self._display = display if display is not None else _fitting_display()
        self._prefix = ""
        self._tasks: list[Task] = []
        self._lock = threading.RLock()
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None

    @classmethod
    def silent(cls) -> Progress:
        """Make a progress that shows nothing."""
        return cls(SilentDisplay())

    def __enter__(self) -> Progress:
        self._display.start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join()
        self._display.stop()

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Task]:
        """Show a piece of work while it lasts.

        Parameters
        ----------
        name : str
            What is being done.
        total : int, optional
            How much there is to do.

        Yields
        ------
        Task
            Its `advance(n)` counts. Call it from one thread.
        """
        task = self.open(name, total)
        try:
            yield task
        except BaseException:
            self.close(task, finished=False)
            raise
        self.close(task)

    def within(self, name: str) -> Progress:
        """Give the same progress with `name` before the names of its tasks."""
        inner = copy.copy(self)
        inner._prefix = f"{self._prefix}{name}: "
        return inner

    def note(self, message: str) -> None:
        """Show a line of text."""
        with self._lock:
            self._display.note(f"{self._prefix}{message}")

    def open(self, name: str, total: int | None = None) -> Task:
        """Start a task that `close` ends; `task` does both."""
        task = Task(f"{self._prefix}{name}", total)
        with self._lock:
            self._tasks.append(task)
            self._display.opened(task)
        return task

    def close(self, task: Task, *, finished: bool = True) -> None:
        """End a task; one that has ended already stays as it is."""
        with self._lock:
            if task in self._tasks:
                self._tasks.remove(task)
                self._display.closed(task, finished=finished)

    def _watch(self) -> None:
        while not self._stopped.wait(self._display.interval):
            with self._lock:
                self._display.refresh(self._tasks)


class Relay:
    """Shows in this process what the progress of a worker process reports.

    Parameters
    ----------
    progress : Progress
        Where to show it.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[int, Task] = {}

    def show(self, event: Event) -> None:
        """Show one event that a `ForwardingDisplay` sent."""
        kind, *rest = event
        if kind == "note":
            self._progress.note(*rest)
            return
        number, *rest = rest
        if kind == "opened":
            self._tasks[number] = self._progress.open(*rest)
            return
        self._tasks[number].done = rest[0]
        if kind == "closed":
            self._progress.close(self._tasks.pop(number), finished=rest[1])

    def end(self) -> None:
        """End the tasks that the worker left open, because it died."""
        for number in list(self._tasks):
            self._progress.close(self._tasks.pop(number), finished=False)


def _fitting_display() -> Display:
    return RichDisplay() if sys.stderr.isatty() else LineDisplay()
