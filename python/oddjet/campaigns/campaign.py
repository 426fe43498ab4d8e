"""Do a graph of tasks, none of them twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oddjet.campaigns.task import Task, attempt, failure_of
from oddjet.runs.progress import Progress
from oddjet.runs.stages import Stage, run_stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from oddjet.runs.crew import Crew

__all__ = ["Outcome", "run_campaign"]


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes
    ----------
    place : Path
        Directory of its result.
    reason : str or None
        Why it failed; None for a result.
    """

    place: Path
    reason: str | None


def run_campaign(
    directory: Path | str,
    tasks: Sequence[Task],
    *,
    jobs: int = 1,
    crew: Crew | None = None,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Do tasks and everything that they are made of.

    Results stay where they are: an interrupted campaign goes on, a changed one does
    what it has not done before.

    Parameters
    ----------
    directory : Path or str
        Takes the results, each in ``stages/<address>``.
    tasks : sequence of Task
    jobs : int
        Processes at once; never changes a result.
    crew : Crew, optional
        Who does them instead, see `oddjet.campaigns.dask_crew`.
    progress : Progress, optional

    Returns
    -------
    list of Outcome
        In the order of `tasks`. A task fails with the reason of its function, or of
        an input that failed.

    Raises
    ------
    UserError
        The directory is in use by another process.
    Exception
        What a task raises that is no UserError: a bug, which stops the campaign.
    """
    shown = progress or Progress.silent()
    stages = [_stage(task) for task in _in_order(tasks)]
    with shown.task("tasks", total=len(stages)) as counted:
        places = run_stages(
            directory, stages, jobs=jobs, crew=crew, progress=shown,
            on_finished=lambda _stage: counted.advance(1),
        )  # fmt: skip
    return [
        Outcome(places[task.address], failure_of(places[task.address]))
        for task in tasks
    ]


def _in_order(tasks: Iterable[Task]) -> list[Task]:
    """List each task once, after everything that it reads."""
    found: dict[str, Task] = {}
    waiting = [*reversed(list(tasks))]
    while waiting:
        task = waiting[-1]
        missing = [t for t in task.inputs.values() if t.address not in found]
        if missing:
            waiting += reversed(missing)
            continue
        found.setdefault(task.address, task)
        waiting.pop()
    return list(found.values())


def _stage(task: Task) -> Stage:
    names = {name: each.address for name, each in task.inputs.items()}
    return Stage(
        task.address,
        attempt,
        inputs=tuple(dict.fromkeys(names.values())),
        arguments={"arguments": task.arguments, "names": names},
        sources=task.sources,
        versions=task.versions,
        untracked={"run": task.run, "untracked": task.untracked},
    )
