"""What searches have in common that are graphs of tasks."""

from __future__ import annotations

import json
import tempfile
from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.campaigns.campaign import Outcome, run_campaign
from oddjet.runs.atomic import write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.made_from import content_digest, made_from
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance, run_log
from oddjet.runs.recipe import Config
from oddjet.runs.stages import Stage, publish, run_stages
from oddjet.searches.search import CONFIG, PAGE, RESULTS, Search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from oddjet.campaigns.task import Task
    from oddjet.runs.crew import Crew
    from oddjet.searches.table_source import TableSource

__all__ = ["TASKS", "Found", "TaskSearch", "Work", "read_results"]

#: Where the results of tasks lie in a run directory.
TASKS = "tasks"
_REPORT = "report"


@dataclass(frozen=True)
class Work:
    """Where a search works, and who does it.

    Attributes
    ----------
    root : Path
        The run directory, locked meanwhile.
    jobs : int
        Processes at once.
    crew : Crew or None
        Who does the tasks instead.
    progress : Progress
    """

    root: Path
    jobs: int
    crew: Crew | None
    progress: Progress

    def stages(
        self, stages: Sequence[Stage], *, home: Path | None = None
    ) -> dict[str, Path]:
        """Bring stages up to date here, in the run directory or another `home`."""
        home = home or self.root
        return run_stages(home, stages, jobs=self.jobs, progress=self.progress)

    def tasks(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Do tasks and everything that they are made of."""
        return run_campaign(
            self.root / TASKS, tasks, jobs=self.jobs, crew=self.crew,
            progress=self.progress,
        )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes
    ----------
    results : mapping
        The content of results.json.
    drawn_from : sequence of Path
        Stages of the run directory that the page shows more of.
    page : mapping
        What else `draw` needs to find them, plain data.
    """

    results: dict[str, Any]
    drawn_from: Sequence[Path] = ()
    page: Mapping[str, Any] = field(default_factory=dict)


class TaskSearch(Search[Config]):
    """A search that is a graph of tasks, which a cluster can do."""

    def run(
        self,
        directory: Path | str | None = None,
        *,
        jobs: int = 1,
        crew: Crew | None = None,
        unblind: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Run the search, or what is left of it.

        Parameters
        ----------
        directory : Path or str, optional
            The run directory; the same one goes on with an interrupted search. By
            default a new one among the temporary files.
        jobs : int
            Processes at once; never changes a result.
        crew : Crew, optional
            Who does the tasks instead, see `oddjet.campaigns.dask_crew`.
        unblind : bool
            Look at the signal region of data. Recorded in results.json, and in
            run.log with the time.
        progress : Progress, optional

        Returns
        -------
        dict
            The content of results.json.

        Raises
        ------
        UserError
            Files that cannot be searched, in one sentence. A window or a point of
            the signal that has no answer is a result with a reason.
        """
        if unblind and self.role is None:
            message = "--unblind opens data, and the configuration names none"
            raise UserError(message)
        root = Path(directory or tempfile.mkdtemp(prefix="oddjet-"))
        shown = progress or Progress.silent()
        with lock_directory(root):
            if unblind:
                run_log(root, "unblinded: the signal region of the data is open")
            blinded = self.role == "data" and not unblind
            work = Work(root, jobs, crew, shown)
            found = self.search(work, blinded=blinded, unblinded=unblind)
            write_json_atomic(root / RESULTS, found.results)
            write_text_atomic(root / CONFIG, dump_yaml(self.config))
            stage = self._page(root, found)
            places = run_stages(root, [stage], progress=shown)
            publish(places[_REPORT] / PAGE, root / PAGE)
        return found.results

    @property
    @abstractmethod
    def sources(self) -> dict[str, TableSource]:
        """Everything that the search reads, by name."""

    @property
    @abstractmethod
    def role(self) -> str | None:
        """Of the data, "data" or "pseudo-data"; None where there are none."""

    @abstractmethod
    def search(self, work: Work, *, blinded: bool, unblinded: bool) -> Found:
        """Do all tasks, and leave in the run directory what people look for there.

        Parameters
        ----------
        work : Work
        blinded : bool
            Whether the signal region of the data must not be looked at.
        unblinded : bool
            Whether it was asked to be; to be recorded.

        Returns
        -------
        Found
        """

    @staticmethod
    @abstractmethod
    def draw(
        path: Path,
        run: Path,
        *,
        config_yaml: str,
        provenance: Mapping[str, Any],
        page: Mapping[str, Any],
    ) -> None:
        """Write the page from what lies in a run directory.

        Parameters
        ----------
        path : Path
            The page.
        run : Path
            Holds results.json, and the stages of `Found.drawn_from`.
        config_yaml : str
        provenance : mapping
        page : mapping
            `Found.page`, as JSON gives it back.
        """

    @classmethod
    def redraw(cls, run: Path, path: Path) -> None:
        """Write the page of a finished run again; see `Search.redraw`."""
        with lock_directory(run):
            drawing = made_from(run, _REPORT, command="oddjet search")
            cls.draw(path, run, **drawing.arguments)

    def _page(self, root: Path, found: Found) -> Stage:
        places = [root / RESULTS, *found.drawn_from]
        return Stage(
            _REPORT,
            _draw,
            arguments={
                "config_yaml": dump_yaml(self.config),
                "provenance": provenance(),
                "page": found.page,
            },
            sources={
                place.relative_to(root).as_posix(): str(content_digest(place))
                for place in places
            },
            untracked={"draw": type(self).draw, "run": root},
        )


def _draw(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    draw: Callable[..., None],
    run: Path,
    **arguments: Any,
) -> None:
    """Draw the page, as a stage."""
    draw(directory / PAGE, run, **arguments)


def read_results(run: Path) -> dict[str, Any]:
    """Read results.json of a run directory."""
    results: dict[str, Any] = json.loads((run / RESULTS).read_text("utf-8"))
    return results
