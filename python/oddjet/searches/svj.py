"""Semi-visible jets: LundNet, two learnt scores, an ABCD background, and limits.

The method of J. Janik et al., "A Supervised Machine-Learning Search for Semi-Visible
Jets in CMS Run-2 Scouting Data", talk, 12 Jan 2026. Two networks X and Y are trained
together to separate the signal and to be independent for the background, which is then
predicted from the events that fail one cut or both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.campaigns.task import Task
from oddjet.deploy.bundle import read_bundle
from oddjet.report.svj_page import svj_answer, write_svj_report
from oddjet.runs.atomic import remove_tree
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.provenance import provenance
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
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
from oddjet.searches.svj_outputs import LUND, SvjOutputs, publish_outputs, svj_results
from oddjet.searches.svj_scan import choose_cuts
from oddjet.searches.svj_tables import SVJ_TABLE, sample_factors
from oddjet.searches.svj_tasks import JET_SCORES, gather, train
from oddjet.searches.table_source import TABLE, TableSource, table_stage
from oddjet.searches.task_search import TASKS, Found, TaskSearch, Work, read_results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Svj"]

DATA = "data"


class Svj(TaskSearch[SvjConfig]):
    """A search for semi-visible jets, from events or tables to limits.

    Parameters
    ----------
    config : SvjConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    config_class = SvjConfig
    title = "semi-visible jet"
    answer = staticmethod(svj_answer)

    @property
    def samples(self) -> dict[str, TableSource]:
        """The simulated samples by name: backgrounds, then points of the signal."""
        points: dict[str, TableSource] = {p.name: p for p in self.config.signal}
        return {**self.config.background, **points}

    @property
    def sources(self) -> dict[str, TableSource]:
        """The simulated samples, and the data where there are any."""
        data = self.config.data
        return self.samples if data is None else {**self.samples, DATA: data}

    @property
    def role(self) -> str | None:
        """Of the data."""
        return None if self.config.data is None else self.config.data.role

    def search(self, work: Work, *, blinded: bool, unblinded: bool) -> Found:
        """Select, train, choose the cuts, set limits; leave files for others."""
        planes = ("VP",) if blinded else PLANES
        tables = self._tables(work)
        lund = self._tagger(work)
        jet_scores = self._data_scores(work, lund, planes)
        checkpoints = (work.root / TASKS / "stages" / ".checkpoints").absolute()
        tasks = self._tasks(tables, lund, jet_scores, planes, checkpoints)
        outcomes = work.tasks(list(tasks.values()))
        remove_tree(checkpoints)
        outputs = SvjOutputs(
            dict(zip(tasks, outcomes, strict=True)),
            tables,
            lund,
            self.config.selection.delta_eta_max,
            blinded=blinded,
        )
        results = svj_results(self.config, outputs, unblinded=unblinded)
        publish_outputs(work.root, self.config, results, outputs)
        return Found(results, *outputs.drawing())

    @staticmethod
    def draw(
        path: Path,
        run: Path,
        *,
        config_yaml: str,
        provenance: Mapping[str, Any],
        page: Mapping[str, Any],
    ) -> None:
        """Write the page; see `TaskSearch.draw`."""
        write_svj_report(
            path,
            read_results(run),
            SvjOutputs.of_run(run, **page).panels(),
            config_yaml=config_yaml,
            provenance=provenance,
        )

    def _tables(self, work: Work) -> dict[str, Path]:
        """Select the events of every sample."""
        stages = [
            table_stage(name, source, SVJ_TABLE, self.config.selection, self.base)
            for name, source in self.sources.items()
        ]
        places = work.stages(stages)
        wanted = dict.fromkeys(("transverse_mass", "delta_eta", *self.config.features))
        for name, place in places.items():
            # A wrong name is a mistake of the configuration, not of a region.
            read_event_table(place / TABLE).require(
                list(wanted), where=f"the events of {name}", copies=True
            )
        return places

    def _tagger(self, work: Work) -> Path | None:
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
        home = work.root / LUND
        home.mkdir(exist_ok=True)
        checkpoints = (home / "stages" / ".checkpoints").absolute()
        plan = lund_plan(config, self.base, checkpoints)
        places = work.stages(plan, home=home)
        remove_tree(checkpoints)
        return places[MEASURE].parent

    def _data_scores(
        self, work: Work, lund: Path | None, planes: tuple[str, ...]
    ) -> Path | None:
        data, tagger = self.config.data, self.config.tagger
        if data is None or tagger is None or lund is None:
            return None
        model = lund / MODEL / MODEL_FILE
        files = [str(file) for file in data.find(self.base)]
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
                "table": digest_file(work.root / "stages" / DATA / TABLE),
            },
            untracked={"model": str(model.absolute()), "paths": files},
        )
        return work.stages([stage])[stage.name] / DATA_SCORES

    def _tasks(
        self,
        tables: dict[str, Path],
        lund: Path | None,
        jet_scores: Path | None,
        planes: tuple[str, ...],
        checkpoints: Path,
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
            tasks["observe"] = self._observe(tables, jet_scores, model, scan, planes)
            if "SP" in planes:
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
        planes: tuple[str, ...],
    ) -> Task:
        table = tables[DATA] / TABLE
        sources = {"table": digest_file(table)}
        if jet_scores is not None:
            sources["scores"] = digest_file(jet_scores)
        return Task(
            "observe",
            observe,
            {
                "planes": planes,
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
