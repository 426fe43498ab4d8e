"""CWoLa mono-jet: find jets in the signal region that the control region lacks.

The method of Finke, Krämer, Lipp, Mück, arXiv:2204.11889: a graph network learns to
tell the leading fat jets of the signal region from those of the control region.
Without new physics that is impossible; with it, the highest scores pick the
anomalous jets, and the control region says how many to expect.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from oddjet.events import Events
from oddjet.io import Sample, describe, source_digest, write_events
from oddjet.io.paths import find_files
from oddjet.learn.config import TrainingConfig
from oddjet.learn.models.config import EdgeConvConfig
from oddjet.runs.atomic import write_text_atomic
from oddjet.runs.config import ConfigModel, dump_yaml, load_yaml, parse_config
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage, publish, run_stages
from oddjet.searches import counting, cutflows, reporting, stages, truth
from oddjet.searches.features_config import FeaturesConfig
from oddjet.searches.regions import CONTROL_REGION, REGIONS, SIGNAL_REGION, RegionConfig
from oddjet.searches.result import Result
from oddjet.select.monojet import MonoJetCuts

#: What each stage contributes to the top of the run directory.
PUBLISHED = {
    "cutflow": stages.CUTFLOW,
    "assemble": stages.MODEL,
    "score": stages.SCORES,
    "count": counting.RESULTS,
    "report": reporting.REPORT,
}

Region = Events | str | Path | Sequence[str | Path]


class CountingConfig(ConfigModel):
    """The counting experiment above the threshold."""

    cr_efficiency: float = Field(
        1e-3, gt=0, lt=1, description="fraction of control events above the threshold"
    )


class MonoJetConfig(ConfigModel):
    """Everything that the result of a mono-jet search depends on."""

    search: Literal["monojet"] = Field("monojet", description="which search this is")
    seed: int = Field(1, ge=0, description="the one seed of the whole search")
    is_null_test: bool = Field(
        False, description="true: no signal can be in either region; the report says so"
    )
    signal_region: RegionConfig = Field(
        default_factory=RegionConfig, description="where a signal could be"
    )
    control_region: RegionConfig = Field(
        default_factory=RegionConfig, description="the same jets without a signal"
    )
    selection: MonoJetCuts = Field(
        default_factory=MonoJetCuts, description="region IM1 of ATLAS, arXiv:2102.10874"
    )
    features: FeaturesConfig = Field(
        default_factory=FeaturesConfig, description="what the network sees of a jet"
    )
    network: EdgeConvConfig = Field(
        default_factory=EdgeConvConfig, description="the graph network"
    )
    training: TrainingConfig = Field(
        default_factory=TrainingConfig, description="folds and optimiser"
    )
    counting: CountingConfig = Field(
        default_factory=CountingConfig, description="the counting experiment"
    )


@dataclass(frozen=True)
class RegionFiles:
    """The files of a region and what they hold.

    Attributes
    ----------
    sample : Sample
    digest : str
        Of the content without truth, which decides every result.
    truth : str
        Of the whole files, which decides what the report page shows.
    is_data : bool
        Whether the region stays blind until told otherwise.
    """

    sample: Sample
    digest: str
    truth: str
    is_data: bool


class MonoJet:
    """A mono-jet search, from events to significance.

    Parameters
    ----------
    config : MonoJetConfig
    base : Path, optional
        Directory that relative files in the configuration start from; by default
        the current one.

    Examples
    --------
    >>> search = MonoJet(MonoJetConfig(seed=3, counting={"cr_efficiency": 0.01}))
    >>> search.config.selection.met_min_gev
    250.0
    """

    def __init__(self, config: MonoJetConfig, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base

    @classmethod
    def from_yaml(cls, path: Path | str) -> MonoJet:
        """Read a configuration file; its files are relative to its directory.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config = parse_config(MonoJetConfig, load_yaml(path), source=path)
        return cls(config, base=path.parent)

    def run(
        self,
        *,
        signal_region: Region | None = None,
        control_region: Region | None = None,
        directory: Path | str | None = None,
        jobs: int = 1,
        unblind: bool = False,
        progress: Progress | None = None,
    ) -> Result:
        """Run the search, or what is left of it.

        Parameters
        ----------
        signal_region, control_region : Events, path or sequence of paths, optional
            Instead of the files of the configuration. Events in memory are written
            to the run directory first.
        directory : Path or str, optional
            The run directory; the same one goes on with an interrupted search. By
            default a new one among the temporary files.
        jobs : int
            Processes at once; never changes a result. With more than one, a script
            must protect its main part with ``__name__ == "__main__"``.
        unblind : bool
            Look at a signal region of role "data". Recorded in results.json.
        progress : Progress, optional
            Where to show what is going on; by default nowhere.

        Returns
        -------
        Result

        Raises
        ------
        UserError
            Events or files that cannot be searched, in one sentence.
        """
        root = Path(directory or tempfile.mkdtemp(prefix="oddjet-"))
        given = {SIGNAL_REGION: signal_region, CONTROL_REGION: control_region}
        shown = progress or Progress.silent()
        with lock_directory(root):
            regions = {name: self._open(name, given[name], root) for name in REGIONS}
            plan = self.stages(regions, unblind=unblind)
            places = run_stages(root, plan, jobs=jobs, progress=shown)
            write_text_atomic(root / "config.yaml", dump_yaml(self._resolved(regions)))
            for stage, name in PUBLISHED.items():
                publish(places[stage] / name, root / name)
        return Result.load(root)

    def sample(self, region: str) -> Sample:
        """Describe the files of a region of the configuration.

        Raises
        ------
        UserError
            No files, or files that cannot be read.
        """
        return describe(self._configured_files(region))

    def _configured_files(self, region: str) -> list[Path]:
        files = getattr(self.config, region).files
        if not files:
            message = (
                f"{region}.files is empty: name the Parquet files of the "
                f"{region.replace('_', ' ')}"
            )
            raise UserError(message)
        return find_files([(self.base or Path()) / file for file in files])

    def _open(self, region: str, given: Region | None, root: Path) -> RegionFiles:
        if given is None:
            files: Any = self._configured_files(region)
        elif isinstance(given, Events):
            files = [root / f"{region}.parquet"]
            write_events(files[0], [given])
        else:
            files = given
        sample = describe(files)
        role = getattr(self.config, region).role or sample.role
        return RegionFiles(
            sample=sample,
            digest=source_digest(sample.files),
            truth=digest([digest_file(file) for file in sample.files]),
            is_data=role == "data",
        )

    def _resolved(self, regions: Mapping[str, RegionFiles]) -> MonoJetConfig:
        """Fill in the files that were really used, wherever this one is read."""
        used = {
            name: getattr(self.config, name).model_copy(
                update={"files": tuple(map(os.path.abspath, opened.sample.files))}
            )
            for name, opened in regions.items()
        }
        return self.config.model_copy(update=used)

    def stages(
        self, regions: Mapping[str, RegionFiles], *, unblind: bool
    ) -> list[Stage]:
        """Plan the search: who needs what, and what decides each result.

        Parameters
        ----------
        regions : mapping of region to RegionFiles
        unblind : bool

        Returns
        -------
        list of Stage
            Each after those it reads from.
        """
        config, spec = self.config, self.config.features.spec()
        blinded = regions[SIGNAL_REGION].is_data and not unblind
        prepares = [self._prepare(name, region) for name, region in regions.items()]
        prepared = tuple(stage.name for stage in prepares)
        trains = [self._train(fold, prepared) for fold in range(config.training.folds)]
        trained = tuple(stage.name for stage in trains)
        made_with = provenance()
        learning = {
            "network": config.network,
            "training": config.training,
            "spec": spec,
        }
        return [
            *prepares,
            Stage(
                "cutflow",
                cutflows.collect_cutflows,
                inputs=prepared,
                arguments={"blinded": blinded},
            ),
            *trains,
            Stage(
                "assemble",
                stages.assemble,
                inputs=(*prepared, *trained),
                arguments={
                    **learning,
                    "trainings": trained,
                    "provenance": {"search": config.search, **made_with},
                },
            ),
            Stage(
                "score",
                stages.score,
                inputs=(*prepared, "assemble"),
                arguments={"training": config.training, "blinded": blinded},
            ),
            Stage(
                "count",
                counting.count,
                inputs=("score",),
                arguments={
                    "search": config.search,
                    "seed": config.seed,
                    "is_null_test": config.is_null_test,
                    "cr_efficiency": config.counting.cr_efficiency,
                    "blinded": blinded,
                    "unblinded": regions[SIGNAL_REGION].is_data and unblind,
                },
            ),
            Stage(
                "truth",
                truth.collect_truth,
                inputs=("score",),
                sources={name: region.truth for name, region in regions.items()},
                untracked={"paths": {n: r.sample.files for n, r in regions.items()}},
            ),
            Stage(
                "report",
                reporting.render,
                inputs=("count", "score", "cutflow", "truth", *trained),
                arguments={
                    "title": "Mono-jet search",
                    "trainings": trained,
                    "config_yaml": dump_yaml(self._without_files()),
                    "provenance": made_with,
                },
            ),
        ]

    def _prepare(self, name: str, region: RegionFiles) -> Stage:
        spec = self.config.features.spec()
        return Stage(
            f"prepare-{name}",
            stages.prepare,
            arguments={
                "region": name,
                "cuts": self.config.selection,
                "spec": spec,
            },
            sources={name: region.digest},
            versions=dict(zip(spec.features, spec.versions, strict=True)),
            untracked={"paths": region.sample.files},
        )

    def _train(self, fold: int, prepared: tuple[str, ...]) -> Stage:
        config = self.config
        return Stage(
            f"train-{fold}",
            stages.train,
            inputs=prepared,
            arguments={
                "fold": fold,
                "network": config.network,
                "training": config.training,
                "spec": config.features.spec(),
                "seed": config.seed,
            },
        )

    def _without_files(self) -> MonoJetConfig:
        return self.config.model_copy(
            update={
                name: getattr(self.config, name).model_copy(update={"files": ()})
                for name in REGIONS
            }
        )
