"""From a table of events to the bump hunts in it, as a graph of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oddjet.campaigns.task import Task
from oddjet.runs.seeds import derive_seed
from oddjet.searches.dijet_hunts import hunt, pseudo_experiments
from oddjet.searches.dijet_tasks import make_template, score, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from oddjet.searches.dijet_config import DijetConfig
    from oddjet.stats.bump_hunt import Window

__all__ = ["Hunt", "hunts_in", "pseudo_experiments_of", "scores_of"]

#: Pseudo-experiments of a task: minutes, not hours, of fits.
BLOCK = 100
# Definitions whose change makes earlier results of the same task wrong.
VERSIONS = {"template": 4}


@dataclass(frozen=True)
class Hunt:
    """One spectrum that is searched.

    Attributes
    ----------
    window : Window
    features, template : str
        Names of the feature set and of the template.
    efficiency : float
    task, scores, networks : Task
        What is found, the scores of the data, and who gave them.
    """

    window: Window
    features: str
    template: str
    efficiency: float
    task: Task
    scores: Task
    networks: Task

    @property
    def kind(self) -> tuple[str, str, float]:
        """Give what hunts of other windows share: features, template, efficiency."""
        return self.features, self.template, self.efficiency


def hunts_in(
    config: DijetConfig,
    tables: Mapping[str, Task],
    windows: Sequence[Window],
    *,
    blinded: bool,
) -> list[Hunt]:
    """Compose the tasks: template -> networks -> scores -> hunts of every window.

    Parameters
    ----------
    config : DijetConfig
    tables : mapping of str to Task
        `data`, and `simulation` for SALAD, which is left out without it.
    windows : sequence of Window
    blinded : bool
        Whether the signal regions stay closed.

    Returns
    -------
    list of Hunt
    """
    return [
        Hunt(window, name, method, efficiency, task, scores, networks)
        for window in windows
        for name in config.feature_sets
        for method in config.templates
        if method != "salad" or "simulation" in tables
        for networks in [_networks(config, tables, window, name, method)]
        for scores in [scores_of(config, tables["data"], networks, window, name)]
        for efficiency, task in _at_efficiencies(config, scores, window, blinded)
    ]


def _at_efficiencies(
    config: DijetConfig, scores: Task, window: Window, blinded: bool
) -> Iterator[tuple[float, Task]]:
    for efficiency in config.efficiencies:
        arguments = {
            "window": window,
            "efficiency": efficiency,
            "ensemble": config.ensemble,
            "statistical_error": config.statistical_error,
            "high_sideband_min": config.high_sideband_min,
            "collision_energy_gev": config.collision_energy_gev,
            "blinded": blinded,
        }
        yield efficiency, Task("hunt", hunt, arguments, {"scores": scores})


def scores_of(
    config: DijetConfig, events: Task, networks: Task, window: Window, name: str
) -> Task:
    """Give the task that scores the events of a table with the networks of a window.

    Parameters
    ----------
    config : DijetConfig
    events, networks : Task
    window : Window
    name : str
        Of the feature set.

    Returns
    -------
    Task
    """
    inputs = {"events": events, "networks": networks}
    template = networks.inputs["template"]
    if template.arguments["method"] == "lacathode":
        # Its networks see events as the densities of the template carry them.
        inputs["template"] = template
    return Task("scores", score, _shared(config, window, name), inputs)


def _networks(
    config: DijetConfig,
    tables: Mapping[str, Task],
    window: Window,
    name: str,
    method: str,
) -> Task:
    seed = derive_seed(config.seed, method, name, f"{window.low_gev:g}")
    shared = _shared(config, window, name)
    needs = ("data", "simulation") if method == "salad" else ("data",)
    template = Task(
        "template",
        make_template,
        {
            **shared,
            "method": method,
            "preset": config.template_preset,
            "seed": derive_seed(seed, "template"),
        },
        {each: tables[each] for each in needs},
        versions=VERSIONS,
    )
    return Task(
        "networks",
        train,
        {
            **shared,
            "seeds": config.seeds,
            "classifier": config.chosen_classifier,
            "seed": derive_seed(seed, "scores"),
        },
        {"data": tables["data"], "template": template},
    )


def _shared(config: DijetConfig, window: Window, name: str) -> dict[str, Any]:
    return {
        "window": window,
        "features": config.feature_sets[name],
        "mass": config.mass,
        "folds": config.folds,
    }


def pseudo_experiments_of(config: DijetConfig, hunts: Sequence[Hunt]) -> list[Task]:
    """Give the tasks that repeat hunts on background that fluctuates.

    Parameters
    ----------
    config : DijetConfig
    hunts : sequence of Hunt
        Those that have an answer; without any there are no experiments.

    Returns
    -------
    list of Task
        Of `BLOCK` experiments each.
    """
    total = config.pseudo_experiments if hunts else 0
    return [
        Task(
            "pseudo",
            pseudo_experiments,
            {
                "experiments": min(BLOCK, total - start),
                "collision_energy_gev": config.collision_energy_gev,
                "seed": derive_seed(config.seed, "pseudo", start),
            },
            {f"hunt-{i:04d}": one.task for i, one in enumerate(hunts)},
        )
        for start in range(0, total, BLOCK)
    ]
