"""Where progress is shown: a terminal, a log, a parent process, nowhere."""

from __future__ import annotations

import itertools
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import rich.progress

    from oddjet.runs.task import Task

__all__ = [
    "Display",
    "ForwardingDisplay",
    "LineDisplay",
    "RichDisplay",
    "SilentDisplay",
    "format_seconds",
]


class Display(Protocol):
    """What `Progress` asks of a place to show tasks.

    `Progress` makes one call at a time.
    """

    interval: float
    """Seconds between two calls of `refresh`."""

    def start(self) -> None:
        """Begin to show."""

    def stop(self) -> None:
        """Leave the place tidy."""

    def opened(self, task: Task) -> None:
        """Show that a task starts."""

    def refresh(self, tasks: Sequence[Task]) -> None:
        """Show how far the open tasks are."""

    def closed(self, task: Task, *, finished: bool) -> None:
        """Show that a task ended, finished or broken off."""

    def note(self, message: str) -> None:
        """Show a line of text."""


class SilentDisplay:
    """Shows nothing."""

    interval = 3600.0

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""

    def opened(self, task: Task) -> None:
        """Do nothing."""

    def refresh(self, tasks: Sequence[Task]) -> None:
        """Do nothing."""

    def closed(self, task: Task, *, finished: bool) -> None:
        """Do nothing."""

    def note(self, message: str) -> None:
        """Do nothing."""


class LineDisplay(SilentDisplay):
    """A line when a task starts, one a minute, and one when it ends.

    Parameters
    ----------
    interval : float
        Seconds between the lines of a task that goes on.
    """

    def __init__(self, interval: float = 60.0) -> None:
        self.interval = interval

    def opened(self, task: Task) -> None:
        """Write that a task starts."""
        self.note(f"{task.name}: started")

    def refresh(self, tasks: Sequence[Task]) -> None:
        """Write a line for each task."""
        for task in tasks:
            self.note(f"{task.name}: {_so_far(task)}")

    def closed(self, task: Task, *, finished: bool) -> None:
        """Write how a task ended."""
        self.note(_end_line(task, finished=finished))

    def note(self, message: str) -> None:
        """Write a line to the standard error."""
        try:
            sys.stderr.write(f"{message}\n")
            sys.stderr.flush()
        except OSError:
            # Nobody reads any more: no reason for the work to fail, now or when
            # Python flushes at its end what could not be written here.
            with suppress(OSError):
                silence = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silence, sys.stderr.fileno())


class RichDisplay:
    """Bars at the foot of a terminal, with the finished tasks above them."""

    interval = 0.2

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        self._bars = progress.Progress(
            progress.SpinnerColumn(),
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._shown: dict[Task, rich.progress.TaskID] = {}

    def start(self) -> None:
        """Take the foot of the terminal."""
        self._bars.start()

    def stop(self) -> None:
        """Give the foot of the terminal back."""
        self._bars.stop()

    def opened(self, task: Task) -> None:
        """Add a bar."""
        self._shown[task] = self._bars.add_task(task.name, total=task.total)

    def refresh(self, tasks: Sequence[Task]) -> None:
        """Move the bars."""
        for task in tasks:
            self._bars.update(self._shown[task], completed=task.done, total=task.total)

    def closed(self, task: Task, *, finished: bool) -> None:
        """Replace a bar by a line."""
        self._bars.remove_task(self._shown.pop(task))
        self.note(_end_line(task, finished=finished))

    def note(self, message: str) -> None:
        """Write a line above the bars."""
        self._bars.console.print(message, markup=False, highlight=False)


class ForwardingDisplay(SilentDisplay):
    """Sends everything to the parent process, where a `Relay` shows it.

    Parameters
    ----------
    send : callable
        Takes one event, a tuple of plain values; must be safe to call from
        two threads.
    """

    interval = 0.2

    def __init__(self, send: Callable[[tuple[Any, ...]], None]) -> None:
        self._send = send
        self._numbers = itertools.count()
        self._sent: dict[Task, tuple[int, int]] = {}

    def opened(self, task: Task) -> None:
        """Send the name of a new task."""
        number = next(self._numbers)
        self._sent[task] = (number, 0)
        self._send(("opened", number, task.name, task.total))

    def refresh(self, tasks: Sequence[Task]) -> None:
        """Send the counts that changed."""
        for task in tasks:
            number, sent = self._sent[task]
            if task.done != sent:
                self._sent[task] = (number, task.done)
                self._send(("advanced", number, task.done))

    def closed(self, task: Task, *, finished: bool) -> None:
        """Send the last count of a task."""
        number, _ = self._sent.pop(task)
        self._send(("closed", number, task.done, finished))

    def note(self, message: str) -> None:
        """Send a line of text."""
        self._send(("note", message))


def format_seconds(seconds: float) -> str:
    """Write a duration as people read it.

    Examples
    --------
    >>> format_seconds(3.21), format_seconds(245), format_seconds(7980)
    ('3.2 s', '4 min 05 s', '2 h 13 min')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _elapsed(task: Task) -> str:
    return format_seconds(time.monotonic() - task.started)


def _so_far(task: Task) -> str:
    if not task.total:
        counted = f"{task.done} " if task.done else "going on "
        return f"{counted}after {_elapsed(task)}"
    percent = 100 * task.done // task.total
    return f"{task.done} of {task.total} ({percent} %) after {_elapsed(task)}"


def _end_line(task: Task, *, finished: bool) -> str:
    if not finished:
        return f"{task.name}: stopped after {_elapsed(task)}"
    counted = f", {task.done}" if task.done else ""
    return f"{task.name}: done{counted} in {_elapsed(task)}"
