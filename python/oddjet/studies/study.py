"""What all studies have in common: a configuration, stages, a table and a page."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from oddjet.runs.atomic import remove_tree, write_text_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.recipe import Config, Recipe
from oddjet.runs.stages import Stage, publish, run_stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.runs.crew import Crew

__all__ = ["COLLECT", "REPORT", "RESULTS", "TABLE", "Study"]

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
            Ends with `COLLECT`, which leaves study.json, table.md and report.html.
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
            write_text_atomic(root / "config.yaml", dump_yaml(self.config))
        found: dict[str, Any] = json.loads(
            (places[COLLECT] / RESULTS).read_text("utf-8")
        )
        return found
