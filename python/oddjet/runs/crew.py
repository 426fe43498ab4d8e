"""Who does the calls of a run: processes here, or a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from oddjet.runs.workers import Worker, wait_for_one

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oddjet.runs.progress import Progress

__all__ = ["Call", "Crew", "Processes"]


class Call(Protocol):
    """One call under way."""

    def result(self) -> Any:
        """Give what it returned, or raise what it raised; it has ended."""

    def kill(self) -> None:
        """End it now."""


class Crew(Protocol):
    """Does calls, some at once."""

    @property
    def size(self) -> int:
        """Calls that are worth having under way."""

    def start(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        progress: Progress,
    ) -> Call:
        """Start a call of a module-level function, with ``progress=`` added."""

    def wait(self, calls: Sequence[Any]) -> list[Any]:
        """Wait until one of the calls has ended, and give those that have."""


class Processes:
    """A spawned process a call.

    Parameters
    ----------
    jobs : int
        Processes at once, >= 1.
    """

    def __init__(self, jobs: int) -> None:
        self.size = jobs

    def start(
        self,
        name: str,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        *,
        progress: Progress,
    ) -> Worker:
        """Start a process; see `Worker`."""
        return Worker(name, function, arguments, progress=progress)

    def wait(self, calls: Sequence[Worker]) -> list[Worker]:
        """Wait for one; see `wait_for_one`."""
        return wait_for_one(calls)
