"""A run as a chain of stages that can be killed, resumed and changed.

A stage is a pure function of its arguments, the content of its inputs and the
versions of its definitions: the digest of all these is its key. It works in a
directory with a name of its own, which gets a manifest and is then renamed to
its place; so a stage is there completely or not at all. A finished stage is
made again only if its key has changed or its outputs are no longer as it left
them.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.runs.atomic import (
    atomic_path,
    remove_leftovers,
    remove_tree,
    sync_directory,
    temporary_sibling,
)
from oddjet.runs.crew import Processes
from oddjet.runs.digests import plain_data
from oddjet.runs.displays import format_seconds
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.manifest import (
    Manifest,
    changed_entries,
    digest_outputs,
    find_damage,
    read_manifest,
    write_manifest,
)
from oddjet.runs.provenance import run_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from oddjet.runs.crew import Call, Crew
    from oddjet.runs.progress import Progress, Task

__all__ = ["Stage", "publish", "run_stages"]


@dataclass(frozen=True)
class Stage:
    """One step of a run.

    Attributes
    ----------
    name : str
        Unique in the run; lower-case letters, digits, ``-`` and ``_``.
    run : callable
        Module-level function, called as ``run(directory, inputs, progress,
        **arguments, **untracked)``: `directory` is empty and takes the
        outputs, `inputs` maps the names upstream to their directories. It
        must write the same bytes whenever its key is the same.
    arguments : mapping
        Plain data and configuration models. Enter the key.
    inputs : tuple of str
        Stages upstream. The digests of their outputs enter the key.
    sources : mapping of str to str
        Content digests of files from outside the run. Enter the key.
    versions : mapping of str to int
        Versions of the definitions that the stage uses. Enter the key.
    untracked : mapping
        What never changes a result: paths, jobs, threads. Not in the key.
    """

    name: str
    run: Callable[..., object]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    untracked: Mapping[str, Any] = field(default_factory=dict)


def run_stages(
    directory: Path | str,
    stages: Sequence[Stage],
    *,
    jobs: int = 1,
    crew: Crew | None = None,
    progress: Progress,
    on_finished: Callable[[Stage], None] | None = None,
) -> dict[str, Path]:
    """Bring every stage up to date.

    Whoever interrupts it, at any instant and in any way, finds each stage as
    it was or finished; the next call goes on there, and its outputs are byte
    for byte those of a run without interruption.

    Parameters
    ----------
    directory : Path or str
        The run directory, locked meanwhile. A stage has its outputs and
        ``manifest.json`` in ``stages/<name>``; times go to ``run.log``.
    stages : sequence of Stage
        Each after those whose outputs it reads.
    jobs : int
        Stages that run at once, each in a process of its own; 1 runs them
        here, one after the other. Never changes a result.
    crew : Crew, optional
        Who runs them instead, such as a cluster that shares the file system.
    progress : Progress
        Shows the stages, what they show themselves, and which changes of the
        configuration make which of them outdated.
    on_finished : callable, optional
        Told about each stage that is up to date, instead of a note about those that
        were so before.

    Returns
    -------
    dict of str to Path
        The directory of each stage.

    Raises
    ------
    UserError
        jobs < 1, or the directory is in use by another process.
    ValueError
        The stages do not form a chain: a name is unusable or appears twice,
        or an input is no earlier stage.
    Exception
        Whatever a stage raises; stages that run beside it are finished first.
    """
    if jobs < 1:
        message = f"jobs must be >= 1, got {jobs}"
        raise UserError(message)
    _check_chain(stages)
    with lock_directory(directory) as locked:
        run = _Run(locked, progress, on_finished)
        run.prepare(stages)
        if crew is None and jobs == 1:
            run.one_after_the_other(stages)
        else:
            run.side_by_side(stages, crew or Processes(jobs))
    return {stage.name: run.place(stage) for stage in stages}


def publish(path_in_stage: Path | str, destination: Path | str) -> None:
    """Copy a finished output to where people look for it, atomically."""
    with atomic_path(destination) as temporary:
        shutil.copyfile(path_in_stage, temporary)


def _check_chain(stages: Sequence[Stage]) -> None:
    known: set[str] = set()
    for stage in stages:
        if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", stage.name) is None:
            message = f"run_stages: {stage.name!r} cannot name a stage"
            raise ValueError(message)
        if stage.name in known:
            message = f"run_stages: two stages are named {stage.name}"
            raise ValueError(message)
        if unknown := [name for name in stage.inputs if name not in known]:
            message = f"run_stages: {stage.name} reads {unknown[0]}, no earlier stage"
            raise ValueError(message)
        known.add(stage.name)


def _make(
    run: Callable[..., object],
    directory: Path,
    inputs: dict[str, Path],
    arguments: dict[str, Any],
    *,
    progress: Progress,
) -> dict[str, str]:
    """Run a stage and give the digests of its outputs, which are on the disk."""
    # What a worker left that died on the way, if this is another try.
    for left in directory.iterdir():
        remove_tree(left)
    run(directory, inputs, progress, **arguments)
    return digest_outputs(directory, sync=True)


class _Attempt:
    """A stage that is being made, in a directory that only it knows."""

    def __init__(self, run: _Run, stage: Stage) -> None:
        self.stage = stage
        self.directory = temporary_sibling(run.place(stage))
        self.directory.mkdir()
        self.task: Task = run.progress.open(stage.name)
        self.call = (
            stage.run,
            self.directory,
            {name: run.room / name for name in stage.inputs},
            {**stage.arguments, **stage.untracked},
        )


class _Run:
    """The stages of one run directory, which this process has locked."""

    def __init__(
        self,
        directory: Path,
        progress: Progress,
        on_finished: Callable[[Stage], None] | None,
    ) -> None:
        self.directory = directory
        self.on_finished = on_finished
        self.room = directory / "stages"
        self.progress = progress
        self.finished: dict[str, Manifest] = {}

    def place(self, stage: Stage) -> Path:
        return self.room / stage.name

    def prepare(self, stages: Sequence[Stage]) -> None:
        """Tidy up after killed runs and tell what has changed since."""
        self.room.mkdir(exist_ok=True)
        remove_leftovers(self.directory)
        remove_leftovers(self.room)
        run_log(self.directory)
        if change := self._change(stages):
            self._tell(change)

    def one_after_the_other(self, stages: Sequence[Stage]) -> None:
        """Run the stages in this process."""
        for stage in stages:
            if self._is_up_to_date(stage):
                continue
            attempt = _Attempt(self, stage)
            try:
                inside = self.progress.within(stage.name)
                self._install(attempt, _make(*attempt.call, progress=inside))
            except BaseException:
                self._give_up(attempt)
                raise

    def side_by_side(self, stages: Sequence[Stage], crew: Crew) -> None:
        """Let a crew run the stages whose inputs are ready, some at once."""
        waiting = list(stages)
        running: dict[Call, _Attempt] = {}
        failures: list[Exception] = []
        try:
            while waiting or running:
                self._start_ready(waiting, running, crew)
                for call in crew.wait(list(running)) if running else []:
                    attempt = running[call]
                    try:
                        self._install(attempt, call.result())
                    except Exception as error:
                        failures.append(error)
                        self._give_up(attempt)
                    del running[call]
                if failures:
                    # What runs already is worth finishing; nothing new starts.
                    waiting.clear()
        finally:
            for call, attempt in running.items():
                call.kill()
                self._give_up(attempt)
        if failures:
            raise failures[0]

    def _start_ready(
        self, waiting: list[Stage], running: dict[Call, _Attempt], crew: Crew
    ) -> None:
        """Start what can start, moving it from `waiting` to `running`."""
        for stage in list(waiting):
            if len(running) >= crew.size:
                return
            if any(name not in self.finished for name in stage.inputs):
                continue
            waiting.remove(stage)
            if self._is_up_to_date(stage):
                continue
            attempt = _Attempt(self, stage)
            try:
                inside = self.progress.within(stage.name)
                call = crew.start(stage.name, _make, attempt.call, progress=inside)
            except BaseException:
                self._give_up(attempt)
                raise
            running[call] = attempt

    def _is_up_to_date(self, stage: Stage) -> bool:
        """Whether a stage is finished; if its outputs were touched, say which."""
        manifest = read_manifest(self.place(stage))
        wanted = Manifest(self._key_parts(stage), {})
        if manifest is None or manifest.key != wanted.key:
            return False
        if damage := find_damage(self.place(stage), manifest):
            self._tell(f"{stage.name} is made again: {damage}")
            return False
        self.finished[stage.name] = manifest
        if self.on_finished is None:
            self._tell(f"{stage.name}: up to date")
        else:
            self.on_finished(stage)
        return True

    def _key_parts(self, stage: Stage) -> dict[str, Any]:
        """Collect what decides the outputs of a stage, as plain data.

        Stages upstream that are not finished yet have no digest.
        """
        digests = {
            name: self.finished[name].outputs_digest if name in self.finished else None
            for name in stage.inputs
        }
        parts: dict[str, Any] = plain_data(
            {
                "name": stage.name,
                "arguments": stage.arguments,
                "versions": stage.versions,
                "sources": stage.sources,
                "inputs": digests,
            }
        )
        return parts

    def _install(self, attempt: _Attempt, outputs: dict[str, str]) -> None:
        """Give a finished attempt its manifest and its place."""
        stage = attempt.stage
        manifest = Manifest(self._key_parts(stage), outputs)
        write_manifest(attempt.directory, manifest)
        place = self.place(stage)
        outdated = temporary_sibling(place)
        if place.exists():
            # A directory cannot replace another. Killed here, the outdated
            # stage is gone, which is as good as outdated.
            place.rename(outdated)
        attempt.directory.rename(place)
        sync_directory(self.room)
        remove_tree(outdated)
        self.finished[stage.name] = manifest
        self.progress.close(attempt.task)
        if self.on_finished is not None:
            self.on_finished(stage)
        seconds = time.monotonic() - attempt.task.started
        run_log(self.directory, f"{stage.name}: done in {format_seconds(seconds)}")

    def _give_up(self, attempt: _Attempt) -> None:
        """Leave nothing of an attempt that failed or was interrupted."""
        remove_tree(attempt.directory)
        self.progress.close(attempt.task, finished=False)
        run_log(self.directory, f"{attempt.stage.name}: not finished")

    def _change(self, stages: Sequence[Stage]) -> str | None:
        """Say what has changed since the last run and what that invalidates."""
        changes: dict[str, None] = {}
        changed: list[str] = []
        following: list[str] = []
        for stage in stages:
            manifest = read_manifest(self.place(stage))
            own = manifest and changed_entries(
                manifest.key_parts, self._key_parts(stage)
            )
            if own:
                changes |= dict.fromkeys(own)
                changed.append(stage.name)
            elif manifest and {*changed, *following}.intersection(stage.inputs):
                following.append(stage.name)
        if not changed:
            return None
        text = f"changed: {', '.join(changes)}; invalidates {', '.join(changed)}"
        return f"{text} and what follows: {', '.join(following)}" if following else text

    def _tell(self, message: str) -> None:
        self.progress.note(message)
        run_log(self.directory, message)
