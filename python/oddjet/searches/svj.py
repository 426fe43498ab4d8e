"""Semi-visible jets: LundNet, two learnt scores, an ABCD background, and limits.

The method of J. Janik et al., "A Supervised Machine-Learning Search for Semi-Visible
Jets in CMS Run-2 Scouting Data", talk, 12 Jan 2026. Two networks X and Y are trained
together to separate the signal and to be independent for the background, which is then
predicted from the events that fail one cut or both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oddjet.campaigns.campaign import run_campaign
from oddjet.campaigns.task import Task
from oddjet.deploy.bundle import read_bundle
from oddjet.runs.atomic import remove_tree, write_json_atomic, write_text_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance, run_log
from oddjet.runs.recipe import Recipe
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage, run_stages
from oddjet.searches.event_table import read_event_table
from oddjet.searches.lund_config import LundTaggerConfig, SampleConfig, SignalConfig
from oddjet.searches.lund_plan import MEASURE, MODEL, lund_plan
from oddjet.searches.lund_stages import MODEL as MODEL_FILE
from oddjet.searches.lund_stages import SCORES as LUND_SCORES
from oddjet.searches.svj_config import SvjConfig
from oddjet.searches.svj_data import DATA_SCORES, observe, score_jets
from oddjet.searches.svj_events import PLANES
from oddjet.searches.svj_inference import evaluate, limit
from oddjet.searches.svj_model import name_boundaries
from oddjet.searches.svj_outputs import RESULTS, Found, publish_outputs, svj_results
from oddjet.searches.svj_scan import choose_cuts
from oddjet.searches.svj_tables import SVJ_TABLE, sample_factors
from oddjet.searches.svj_tasks import JET_SCORES, gather, train
from oddjet.searches.table_source import TABLE, TableSource, table_stage

if TYPE_CHECKING:
    from oddjet.runs.crew import Crew

__all__ = ["Svj"]

REPORT, DATA = "report.html", "data"


class Svj(Recipe[SvjConfig]):
    """A search for semi-visible jets, from events or tables to limits.

    Parameters
    ----------
    config : SvjConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    config_class = SvjConfig

    @property
    def samples(self) -> dict[str, TableSource]:
        """The simulated samples by name: backgrounds, then points of the signal."""
        points: dict[str, TableSource] = {p.name: p for p in self.config.signal}
        return {**self.config.background, **points}

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
            Look at the signal plane of data. Recorded in results.json, and in run.log
            with the time.
        progress : Progress, optional

        Returns
        -------
        dict
            The content of results.json.

        Raises
        ------
        UserError
            Files that cannot be searched, in one sentence. Regions without events, a
            scan without a working point and the like are results with a reason.
        """
        from oddjet.report.svj_page import write_svj_report

        if unblind and self.config.data is None:
            message = "--unblind opens data, and the configuration names none"
            raise UserError(message)
        root = Path(directory or tempfile.mkdtemp(prefix="oddjet-"))
        shown = progress or Progress.silent()
        with lock_directory(root):
            if unblind:
                run_log(root, "unblinded: the signal plane of the data is open")
            tables = self._tables(root, jobs, shown)
            lund = self._tagger(root, jobs, shown)
            jet_scores = self._data_scores(root, lund, shown, unblind=unblind)
            checkpoints = (root / "tasks" / "stages" / ".checkpoints").absolute()
            tasks = self._tasks(tables, lund, jet_scores, checkpoints, unblind=unblind)
            outcomes = run_campaign(
                root / "tasks", list(tasks.values()), jobs=jobs, crew=crew,
                progress=shown,
            )  # fmt: skip
            remove_tree(checkpoints)
            found = Found(
                dict(zip(tasks, outcomes, strict=True)),
                tables,
                lund,
                self.config.selection.delta_eta_max,
                closed=self._closed(unblind=unblind),
                unblinded=unblind,
            )
            results = svj_results(self.config, found)
            resolved = dump_yaml(self.config)
            write_json_atomic(root / RESULTS, results)
            write_text_atomic(root / "config.yaml", resolved)
            publish_outputs(root, self.config, results, found)
            write_svj_report(
                root / REPORT,
                results,
                found.panels(),
                config_yaml=resolved,
                provenance=provenance(),
            )
        return results

    def _closed(self, *, unblind: bool) -> bool:
        data = self.config.data
        return data is not None and data.role == "data" and not unblind

    def _open_planes(self, *, unblind: bool) -> tuple[str, ...]:
        return ("VP",) if self._closed(unblind=unblind) else PLANES

    def _tables(self, root: Path, jobs: int, progress: Progress) -> dict[str, Path]:
        """Select the events of every sample."""
        samples = self.samples
        if self.config.data is not None:
            samples[DATA] = self.config.data
        stages = [
            table_stage(name, source, SVJ_TABLE, self.config.selection, self.base)
            for name, source in samples.items()
        ]
        places = run_stages(root, stages, jobs=jobs, progress=progress)
        wanted = dict.fromkeys(("transverse_mass", "delta_eta", *self.config.features))
        for name, place in places.items():
            # A wrong name is a mistake of the configuration, not of a region.
            read_event_table(place / TABLE).require(
                list(wanted), where=f"the events of {name}", copies=True
            )
        return places

    def _tagger(self, root: Path, jobs: int, progress: Progress) -> Path | None:
        """Train LundNet; give the directory of its stages."""
        tagger = self.config.tagger
        if tagger is None:
            return None
        config = LundTaggerConfig(
            seed=derive_seed(self.config.seed, "lund"),
            signal=tuple(
                SignalConfig(
                    files=p.files, z_prime_mass_gev=p.z_prime_mass_gev, r_inv=p.r_inv
                )
                for p in self.config.signal
            ),
            background={
                name: SampleConfig(files=each.files)
                for name, each in self.config.background.items()
            },
            selection=self.config.selection,
            network=tagger.network,
            training=tagger.training,
        )
        home = root / "lund"
        home.mkdir(exist_ok=True)
        checkpoints = (home / "stages" / ".checkpoints").absolute()
        plan = lund_plan(config, self.base, checkpoints)
        places = run_stages(home, plan, jobs=jobs, progress=progress)
        remove_tree(checkpoints)
        return places[MEASURE].parent

    def _data_scores(
        self, root: Path, lund: Path | None, progress: Progress, *, unblind: bool
    ) -> Path | None:
        data, tagger = self.config.data, self.config.tagger
        if data is None or tagger is None or lund is None:
            return None
        model = lund / MODEL / MODEL_FILE
        files = [str(file) for file in data.find(self.base)]
        planes = self._open_planes(unblind=unblind)
        stage = Stage(
            f"score-data-{'-'.join(planes).lower()}",
            score_jets,
            arguments={
                "cuts": self.config.selection,
                "planes": planes,
                "threads": tagger.training.threads,
            },
            sources={
                "model": digest_file(model),
                "table": digest_file(root / "stages" / DATA / TABLE),
            },
            untracked={"model": str(model.absolute()), "paths": files},
        )
        return run_stages(root, [stage], progress=progress)[stage.name] / DATA_SCORES

    def _tasks(
        self,
        tables: dict[str, Path],
        lund: Path | None,
        jet_scores: Path | None,
        checkpoints: Path,
        *,
        unblind: bool,
    ) -> dict[str, Task]:
        """Compose the tasks: events -> X and Y -> cuts -> closure -> limits."""
        config = self.config
        binned = {"mass_edges_gev": config.mass_edges_gev}
        scanned = {
            **binned,
            "rules": config.scan,
            "asimov": config.scan_variances == "asimov",
        }
        events = self._gather(tables, lund)
        training = Task(
            "train",
            train,
            {
                **binned,
                "training": config.training,
                "features": self._features(),
                "by_rule": config.terms == "rule",
                "non_closure_max": config.non_closure_max,
                "seed": derive_seed(config.seed, "abcd"),
            },
            {"events": events},
            sources={"made_with": digest(provenance())},
            untracked={"checkpoints": checkpoints},
        )
        scored = {"events": events, "train": training}
        scan = Task("scan", choose_cuts, scanned, scored)
        chosen = {**scored, "scan": scan}
        tested = Task("evaluate", evaluate, scanned, chosen)
        tagger = None if lund is None else read_bundle(lund / MODEL / MODEL_FILE).digest
        model = Task("model", name_boundaries, {"tagger": tagger}, chosen)
        tasks = {"train": training, "scan": scan, "evaluate": tested, "model": model}
        inputs = {"evaluation": tested}
        if config.data is not None:
            tasks["observe"] = self._observe(tables, jet_scores, model, scan,
                                             unblind=unblind)  # fmt: skip
            if not self._closed(unblind=unblind):
                inputs["observed"] = tasks["observe"]
        return tasks | self._limits(inputs)

    def _limits(self, inputs: dict[str, Task]) -> dict[str, Task]:
        """Compose a task for every point of the signal."""
        config = self.config
        normalisation = {
            name: each.uncertainty
            for name, each in config.background.items()
            if each.uncertainty > 0
        }
        return {
            point.name: Task(
                "limit",
                limit,
                {
                    "point": point.name,
                    "uncertainties": config.uncertainties,
                    "normalisation": normalisation,
                    "toys": config.toys,
                    "seed": derive_seed(config.seed, "toys", point.name),
                },
                inputs,
            )
            for point in config.signal
        }

    def _gather(self, tables: dict[str, Path], lund: Path | None) -> Task:
        config = self.config
        files = {name: tables[name] / TABLE for name in self.samples}
        sources = {name: digest_file(path) for name, path in files.items()}
        scores = None
        if lund is not None:
            scores = lund / MEASURE / LUND_SCORES
            sources["lund"] = digest_file(scores)
        return Task(
            "events",
            gather,
            {
                "backgrounds": tuple(config.background),
                "signals": tuple(point.name for point in config.signal),
                "factors": sample_factors(config, tables),
                "features": self._features(),
                "delta_eta_max": config.selection.delta_eta_max,
                "split": config.split,
            },
            sources=sources,
            untracked={
                "tables": {n: str(path.absolute()) for n, path in files.items()},
                "jet_scores": None if scores is None else str(scores.absolute()),
            },
        )

    def _observe(
        self,
        tables: dict[str, Path],
        jet_scores: Path | None,
        model: Task,
        scan: Task,
        *,
        unblind: bool,
    ) -> Task:
        table = tables[DATA] / TABLE
        sources = {"table": digest_file(table)}
        if jet_scores is not None:
            sources["scores"] = digest_file(jet_scores)
        return Task(
            "observe",
            observe,
            {
                "planes": self._open_planes(unblind=unblind),
                "delta_eta_max": self.config.selection.delta_eta_max,
                "mass_edges_gev": self.config.mass_edges_gev,
            },
            {"model": model, "scan": scan},
            sources=sources,
            untracked={
                "table": str(table.absolute()),
                "jet_scores": None if jet_scores is None else str(jet_scores),
            },
        )

    def _features(self) -> tuple[str, ...]:
        added = JET_SCORES if self.config.tagger is not None else ()
        return (*self.config.features, *added)
