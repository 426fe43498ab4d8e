"""Weakly supervised resonances in the mass of two jets.

The method of ATLAS, "Weakly supervised anomaly detection for resonant new physics in
the dijet final state", 139 fb^-1: in every window of the mass, networks learn to tell
the data of the signal region from a background template made of the sidebands; their
highest scores are kept, and the spectrum of what is left is searched for a bump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.report.dijet_page import write_dijet_report
from oddjet.report.dijet_wording import dijet_answer
from oddjet.runs.stages import publish
from oddjet.searches.dijet_closure import closure_results, closures_of
from oddjet.searches.dijet_config import DijetConfig
from oddjet.searches.dijet_graph import hunts_in, pseudo_experiments_of
from oddjet.searches.dijet_injections import injections_of
from oddjet.searches.dijet_limits import injection_results
from oddjet.searches.dijet_results import dijet_results, significance_of
from oddjet.searches.dijet_tables import SIGNAL, make_tables, sources_of
from oddjet.searches.dijet_validation import (
    largest_of_repeats,
    non_closures,
    validations_of,
    verdicts,
)
from oddjet.searches.table_source import CUTFLOW
from oddjet.searches.task_search import Found, TaskSearch, Work, read_results

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from oddjet.campaigns.campaign import Outcome
    from oddjet.campaigns.task import Task
    from oddjet.searches.dijet_graph import Hunt
    from oddjet.searches.dijet_tables import Tables
    from oddjet.searches.table_source import TableSource

    Done = Callable[[Sequence[Task]], list[Outcome]]

__all__ = ["Dijet"]


class Dijet(TaskSearch[DijetConfig]):
    """A dijet resonance search, from events or tables to significances.

    Parameters
    ----------
    config : DijetConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    config_class = DijetConfig

    title = "dijet"
    answer = staticmethod(dijet_answer)

    @property
    def role(self) -> str:
        """Of the data."""
        return self.config.data.role

    @property
    def sources(self) -> dict[str, TableSource]:
        """All samples by name: data, simulation, of the validation, signals."""
        return {name: source for name, (source, _) in sources_of(self.config).items()}

    def search(self, work: Work, *, blinded: bool, unblinded: bool) -> Found:
        """Validate, search, repeat on background, inject; leave the cut flow."""
        tables = make_tables(
            self.config, work.root, self.base, jobs=work.jobs, progress=work.progress
        )
        results = _results(
            self.config, tables, work.tasks, blinded=blinded, unblinded=unblinded
        )
        if tables.cutflow is not None:
            publish(tables.cutflow, work.root / CUTFLOW)
        return Found(results)

    @staticmethod
    def draw(
        path: Path,
        run: Path,
        *,
        config_yaml: str,
        provenance: Mapping[str, Any],
        page: Mapping[str, Any],  # noqa: ARG004 - results.json holds all that it shows
    ) -> None:
        """Write the page; see `TaskSearch.draw`."""
        write_dijet_report(
            path, read_results(run), config_yaml=config_yaml, provenance=provenance
        )


def _results(
    config: DijetConfig, tables: Tables, done: Done, *, blinded: bool, unblinded: bool
) -> dict[str, Any]:
    """Validate, search, repeat on background, inject."""
    tasks = tables.tasks()
    validated = validations_of(config, tasks, len(tables.read("data")))
    judged = [
        (one, significance_of(outcome))
        for one, outcome in zip(
            validated, done([one.hunt.task for one in validated]), strict=True
        )
    ]
    windows = config.scan.windows()
    hunts = hunts_in(config, _searched(tasks), windows, blinded=blinded)
    pairs = list(zip(hunts, done([one.task for one in hunts]), strict=True))
    closures = closures_of(config, hunts)
    compared = list(zip(closures, done([one.task for one in closures]), strict=True))
    # A window that failed has no background to draw experiments from.
    drawn = [one for one, outcome in pairs if outcome.reason is None]
    more = [] if blinded else done(pseudo_experiments_of(config, drawn))
    results = dijet_results(
        config,
        pairs,
        [one.place for one in more],
        non_closure=non_closures(judged),
        retrained=largest_of_repeats(judged),
        blinded=blinded,
        unblinded=unblinded,
    )
    results["templates"] = closure_results(compared)
    if config.validation is not None:
        results["validation"] = verdicts(config.validation, judged)
    # Injected or not, data in the signal region are data in the signal region.
    if not blinded:
        results["injections"] = _injected(config, tables, hunts, done)
    return results


def _injected(
    config: DijetConfig, tables: Tables, hunts: list[Hunt], done: Done
) -> list[dict[str, Any]]:
    """Put every signal into the data, and search them again."""
    tasks = tables.tasks()
    injections = [
        one
        for name in config.injections
        for one in injections_of(
            config,
            name,
            {**_searched(tasks), "signal": tasks[SIGNAL + name]},
            {each: tables.read(each) for each in ("data", SIGNAL + name)},
            hunts,
        )
    ]
    again = done([one.injected.task for one in injections])
    points = done([one.point for one in injections])
    return injection_results(config, list(zip(injections, again, points, strict=True)))


def _searched(tasks: dict[str, Task]) -> dict[str, Task]:
    return {name: tasks[name] for name in ("data", "simulation") if name in tasks}
