"""What all studies have in common: a configuration, stages, a table and a page."""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from oddjet.report.page import write_page
from oddjet.runs.atomic import remove_tree, write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import plain_data
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.made_from import made_from
from oddjet.runs.progress import Progress
from oddjet.runs.recipe import Config, Recipe
from oddjet.runs.stages import Stage, publish, run_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from oddjet.report.page import Page
    from oddjet.runs.crew import Crew

__all__ = ["COLLECT", "CONFIG", "RESULTS", "Study", "leave"]

CONFIG = "config.yaml"
RESULTS = "study.json"
TABLE = "table.md"
REPORT = "report.html"
COLLECT = "collect"


class Study(Recipe[Config], ABC):
    """A study, from files of single processes to a table and a page.

    Parameters
    ----------
    config
        Of the class `config_class`.
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    #: Puts everything together with `leave`, as the stage `COLLECT`, whose arguments
    #: are the configuration as `study` and what else the plan says.
    collect: ClassVar[Callable[..., None]]
    #: Further files to leave, by the stage that makes them.
    published: ClassVar[Mapping[str, Sequence[str]]] = {}

    @abstractmethod
    def stages(self, checkpoints: Path) -> Sequence[Stage]:
        """Plan the study.

        Parameters
        ----------
        checkpoints : Path
            Directory for unfinished trainings.

        Returns
        -------
        sequence of Stage
            Ends with `COLLECT`, which does `collect`.
        """

    def run(
        self,
        directory: Path | str,
        *,
        jobs: int = 1,
        crew: Crew | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Run the study, or what is left of it.

        Parameters
        ----------
        directory : Path or str
            Takes study.json, table.md and report.html.
        jobs : int
            Processes at once; never changes a result.
        crew : Crew, optional
            Who does the stages instead, such as a cluster that shares the file system.
        progress : Progress, optional

        Returns
        -------
        dict
            The content of study.json.

        Raises
        ------
        UserError
            Files that cannot be used, or too few events for what is asked.
        """
        with lock_directory(directory) as root:
            checkpoints = (root / "stages" / ".checkpoints").absolute()
            places = run_stages(
                root,
                self.stages(checkpoints),
                jobs=jobs,
                crew=crew,
                progress=progress or Progress.silent(),
            )
            remove_tree(checkpoints)
            for stage, names in {
                COLLECT: (RESULTS, TABLE, REPORT),
                **self.published,
            }.items():
                for name in names:
                    publish(places[stage] / name, root / name)
            write_text_atomic(root / CONFIG, dump_yaml(self.config))
        found: dict[str, Any] = json.loads(
            (places[COLLECT] / RESULTS).read_text("utf-8")
        )
        return found

    def collecting(
        self, stages: Sequence[Stage], *, further: Sequence[str] = (), **arguments: Any
    ) -> Stage:
        """Plan the stage that puts the others together.

        Parameters
        ----------
        stages : sequence of Stage
            `collect` gets their names as `stages`, and the configuration as `study`.
        further : sequence of str
            Stages that it reads besides.
        **arguments
            Of `collect`, what else the plan says.

        Returns
        -------
        Stage
        """
        names = tuple(stage.name for stage in stages)
        return Stage(
            COLLECT,
            self.collect,
            inputs=(*names, *further),
            arguments={"stages": names, "study": self.shown, **arguments},
        )

    @property
    def shown(self) -> Config:
        """The configuration that `collect` is given: what the page shows of it."""
        return self.config

    def redraw(self, run: Path, path: Path) -> None:
        """Write the page of a finished study again, as this release draws it.

        Parameters
        ----------
        run : Path
            The directory of the study, with its stages and this configuration.
        path : Path
            The page.

        Raises
        ------
        UserError
            The stages are incomplete, damaged or no longer those of the results, or
            of another configuration.
        """
        with lock_directory(run), tempfile.TemporaryDirectory() as directory:
            made = made_from(run, COLLECT, command="oddjet study")
            # A manifest keeps keys in alphabetical order, a page in that of the user.
            arguments = {**made.arguments, "study": self.shown}
            if plain_data(arguments) != made.arguments:
                message = (
                    f"{run / CONFIG} is not what its page was made with; run `oddjet"
                    " study` once more with the same output directory"
                )
                raise UserError(message)
            self.collect(Path(directory), made.inputs, Progress.silent(), **arguments)
            publish(Path(directory) / REPORT, path)


def leave(directory: Path, results: Mapping[str, Any], page: Page) -> None:
    """Write study.json, table.md and report.html.

    Parameters
    ----------
    directory : Path
        Of the stage.
    results : mapping
        The content of study.json; its `table` is that of table.md.
    page : Page
    """
    write_json_atomic(directory / RESULTS, results)
    write_text_atomic(directory / TABLE, results["table"])
    write_page(directory / REPORT, page)
