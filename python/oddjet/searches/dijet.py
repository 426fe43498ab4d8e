"""Weakly supervised resonances in the mass of two jets.

The method of ATLAS, "Weakly supervised anomaly detection for resonant new physics in
the dijet final state", 139 fb^-1: in every window of the mass, networks learn to tell
the data of the signal region from a background template made of the sidebands; their
highest scores are kept, and the spectrum of what is left is searched for a bump.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.campaigns.campaign import Outcome, run_campaign
from oddjet.campaigns.task import Task
from oddjet.runs.atomic import write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml, load_yaml, parse_config
from oddjet.runs.digests import digest_file
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import publish, run_stages
from oddjet.searches.dijet_config import DijetConfig
from oddjet.searches.dijet_results import RESULTS, dijet_results
from oddjet.searches.dijet_tasks import (
    copied,
    hunt,
    make_template,
    pseudo_experiments,
    score,
)
from oddjet.searches.event_table import read_event_table
from oddjet.searches.table_source import (
    CUTFLOW,
    TABLE,
    TableSelection,
    TableSource,
    table_stage,
)
from oddjet.select.dijet import select_dijet

if TYPE_CHECKING:
    from oddjet.runs.crew import Crew
    from oddjet.stats.bump_hunt import Window

__all__ = ["Dijet"]

DIJET_TABLE = TableSelection("dijet", select_dijet, ("particles",))
REPORT = "report.html"
#: Pseudo-experiments of a task: minutes, not hours, of fits.
BLOCK = 100


@dataclass(frozen=True)
class Hunt:
    """One spectrum that is searched.

    Attributes
    ----------
    window : Window
    features, template : str
        Names of the feature set and of the template.
    efficiency : float
    task : Task
    """

    window: Window
    features: str
    template: str
    efficiency: float
    task: Task


class Dijet:
    """A dijet resonance search, from events or tables to significances.

    Parameters
    ----------
    config : DijetConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    def __init__(self, config: DijetConfig, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base or Path()

    @classmethod
    def from_yaml(cls, path: Path | str) -> Dijet:
        """Read a configuration file; its files are relative to its directory.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config = parse_config(DijetConfig, load_yaml(path), source=path)
        return cls(config, base=path.parent)

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
            Look at the signal regions of data. Recorded in results.json.
        progress : Progress, optional

        Returns
        -------
        dict
            The content of results.json.

        Raises
        ------
        UserError
            Files that cannot be searched, in one sentence. A window that cannot be
            searched is a result with a reason.
        """
        from oddjet.report.dijet_page import write_dijet_report

        root = Path(directory or tempfile.mkdtemp(prefix="oddjet-"))
        config, shown = self.config, progress or Progress.silent()
        blinded = config.data.role == "data" and not unblind
        with lock_directory(root):
            tables = self._tables(root, jobs, shown)
            hunts = self._hunts(tables, blinded=blinded)

            def done(tasks: list[Task]) -> list[Outcome]:
                return run_campaign(
                    root / "tasks", tasks, jobs=jobs, crew=crew, progress=shown
                )

            outcomes = done([one.task for one in hunts])
            pairs = list(zip(hunts, outcomes, strict=True))
            # A window that failed has no background to draw experiments from.
            drawn = [one for one, outcome in pairs if outcome.reason is None]
            more = [] if blinded else done(self._pseudo_experiments(drawn))
            results = dijet_results(
                config,
                pairs,
                [one.place for one in more],
                blinded=blinded,
                unblinded=unblind,
            )
            write_json_atomic(root / RESULTS, results)
            write_text_atomic(root / "config.yaml", dump_yaml(config))
            cutflow = tables["data"] / CUTFLOW
            if cutflow.exists():
                publish(cutflow, root / CUTFLOW)
            write_dijet_report(
                root / REPORT,
                results,
                config_yaml=dump_yaml(config),
                provenance=provenance(),
            )
        return results

    def _tables(self, root: Path, jobs: int, progress: Progress) -> dict[str, Path]:
        samples: dict[str, TableSource] = {"data": self.config.data}
        if self.config.simulation is not None:
            samples["simulation"] = self.config.simulation
        stages = [
            table_stage(name, source, DIJET_TABLE, self.config.selection, self.base)
            for name, source in samples.items()
        ]
        places = run_stages(root, stages, jobs=jobs, progress=progress)
        wanted = dict.fromkeys(
            [
                self.config.mass,
                *(f for s in self.config.feature_sets.values() for f in s),
            ]
        )
        for name, place in places.items():
            # A wrong name is a mistake of the configuration, not of a window.
            read_event_table(place / TABLE).require(list(wanted), where=name)
        return places

    def _hunts(self, tables: dict[str, Path], *, blinded: bool) -> list[Hunt]:
        """Compose the tasks: template -> scores -> hunts of every window."""
        config = self.config
        stored = {
            name: Task(
                name,
                copied,
                sources={"table": digest_file(place / TABLE)},
                untracked={"table": str((place / TABLE).absolute())},
            )
            for name, place in tables.items()
        }
        hunts = []
        for window in config.scan.windows():
            for name, features in config.feature_sets.items():
                for method in config.templates:
                    scores = self._scores(stored, window, name, features, method)
                    hunts += [
                        Hunt(
                            window,
                            name,
                            method,
                            efficiency,
                            Task(
                                "hunt",
                                hunt,
                                {
                                    "window": window,
                                    "efficiency": efficiency,
                                    "ensemble": config.ensemble,
                                    "high_sideband_min": config.high_sideband_min,
                                    "collision_energy_gev": config.collision_energy_gev,
                                    "blinded": blinded,
                                },
                                {"scores": scores},
                            ),
                        )
                        for efficiency in config.efficiencies
                    ]
        return hunts

    def _scores(
        self,
        stored: dict[str, Task],
        window: Window,
        name: str,
        features: tuple[str, ...],
        method: str,
    ) -> Task:
        config = self.config
        seed = derive_seed(config.seed, method, name, f"{window.low_gev:g}")
        shared = {
            "window": window,
            "features": features,
            "mass": config.mass,
            "folds": config.folds,
        }
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
            {each: stored[each] for each in needs},
        )
        return Task(
            "scores",
            score,
            {
                **shared,
                "seeds": config.seeds,
                "classifier": config.classifier,
                "seed": derive_seed(seed, "scores"),
            },
            {"data": stored["data"], "template": template},
        )

    def _pseudo_experiments(self, hunts: list[Hunt]) -> list[Task]:
        config = self.config
        total = config.pseudo_experiments if hunts else 0
        return [
            Task(
                "pseudo",
                pseudo_experiments,
                {
                    "experiments": min(BLOCK, total - start),
                    "high_sideband_min": config.high_sideband_min,
                    "collision_energy_gev": config.collision_energy_gev,
                    "seed": derive_seed(config.seed, "pseudo", start),
                },
                {f"hunt-{i:04d}": one.task for i, one in enumerate(hunts)},
            )
            for start in range(0, total, BLOCK)
        ]
