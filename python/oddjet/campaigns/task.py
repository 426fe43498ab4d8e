"""A piece of work that is known by what it is made of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from oddjet.runs.atomic import remove_tree, write_json_atomic
from oddjet.runs.digests import digest
from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress

__all__ = ["Task", "attempt", "failure_of"]

FAILED = "failed.json"


@dataclass(frozen=True, eq=False)
class Task:
    """A call whose result is kept under its content address.

    Two tasks of the same function, arguments and inputs are the same task: however
    often a graph holds it, it is done once, and later graphs find its result.

    Attributes
    ----------
    kind : str
        What people call it, such as "fit"; lower-case letters, digits, ``-``.
    run : callable
        Module-level function, called as ``run(directory, inputs, progress,
        **arguments, **untracked)``, as for `oddjet.runs.stages.Stage`. A UserError
        of it is a result too: the task has failed, and the campaign goes on.
    arguments : mapping
        Plain data and configuration models.
    inputs : mapping of str to Task
        Whose directories `run` is given, by these names.
    sources : mapping of str to str
        Content digests of files from outside.
    versions : mapping of str to int
        Versions of the definitions that the task uses.
    untracked : mapping
        What never changes a result: paths, threads.

    Examples
    --------
    >>> def add(directory, inputs, progress, *, number): ...
    >>> one, same, other = (Task("add", add, {"number": n}) for n in (1, 1, 2))
    >>> one.address == same.address, one.address == other.address
    (True, False)
    """

    kind: str
    run: Callable[..., object]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Task] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    untracked: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def address(self) -> str:
        """The kind and a digest of everything that decides the result."""
        content = digest(
            {
                "function": f"{self.run.__module__}.{self.run.__qualname__}",
                "arguments": self.arguments,
                "inputs": {name: task.address for name, task in self.inputs.items()},
                "sources": self.sources,
                "versions": self.versions,
            }
        )
        return f"{self.kind}-{content[:24]}"


def attempt(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    run: Callable[..., object],
    names: Mapping[str, str],
    arguments: Mapping[str, Any],
    untracked: Mapping[str, Any],
    **_: object,
) -> None:
    """Do a task, or write down why it cannot be done, as a stage."""
    places = {name: inputs[address] for name, address in names.items()}
    for place in places.values():
        if reason := failure_of(place):
            _fail(directory, reason)
            return
    try:
        run(directory, places, progress, **arguments, **untracked)
    except UserError as error:
        for left in directory.iterdir():
            remove_tree(left)
        _fail(directory, str(error))


def failure_of(place: Path) -> str | None:
    """Give the reason why a task failed, if it did."""
    path = place / FAILED
    if not path.exists():
        return None
    return str(json.loads(path.read_text("utf-8"))["reason"])


def _fail(directory: Path, reason: str) -> None:
    write_json_atomic(directory / FAILED, {"reason": reason})
