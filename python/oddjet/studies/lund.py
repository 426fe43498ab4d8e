"""The study of LundNet on semi-visible jets: from files to areas under the curve."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from oddjet.io.paths import find_files
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches.regions import RegionConfig, RegionFiles
from oddjet.studies import lund_stages
from oddjet.studies.lund_config import LundStudyConfig
from oddjet.studies.study import COLLECT, Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oddjet.studies.lund_config import SampleConfig

__all__ = ["LundStudy"]


class LundStudy(Study[LundStudyConfig]):
    """Trains LundNet on simulated processes and measures it at every signal.

    Beside what every study leaves there are model.onnx (a `LundSpec` bundle),
    scores.parquet (a row an event with the scores of J0 and J1 out of fold), auc.csv
    and cutflow.csv.
    """

    config_class = LundStudyConfig
    published: ClassVar[Mapping[str, Sequence[str]]] = {
        "model": (lund_stages.MODEL,),
        "measure": (lund_stages.AREAS, lund_stages.CUTFLOW, lund_stages.SCORES),
    }

    def stages(self, checkpoints: Path) -> list[Stage]:
        """Plan the study: trees, trainings, the model, areas, the page."""
        config = self.config
        samples: dict[str, SampleConfig] = {p.name: p for p in config.signal}
        samples |= config.background
        prepares = [self._prepare(name, sample) for name, sample in samples.items()]
        prepared = tuple(stage.name for stage in prepares)
        # Where files are does not decide anything: their content does.
        study = _without_files(config)
        trains = _trains(study, prepared, checkpoints)
        names, size = [stage.name for stage in trains], config.training.networks
        facts = {"study": study.model_dump(exclude={"signal", "background"})}
        model = Stage(
            "model",
            lund_stages.assemble,
            inputs=(*prepared, *names),
            arguments={
                "study": study,
                "trainings": tuple(
                    tuple(names[start : start + size])
                    for start in range(0, len(names), size)
                ),
                "provenance": provenance() | facts,
            },
        )
        measure = Stage(
            "measure",
            lund_stages.measure,
            inputs=(*prepared, "model"),
            arguments={"study": study},
            sources={"made_with": digest(provenance())},
        )
        collect = Stage(
            COLLECT,
            lund_stages.collect,
            inputs=("measure",),
            arguments={"study": study},
        )
        return [*prepares, *trains, model, measure, collect]

    def _prepare(self, name: str, sample: SampleConfig) -> Stage:
        start = Path(glob.escape(str(self.base)))
        files = find_files(
            [
                (start if glob.has_magic(file) else self.base) / file
                for file in sample.files
            ]
        )
        # The label of a jet is its process: recorded data have none, and are refused.
        region = RegionFiles.open(files, RegionConfig(role="mc"))
        return Stage(
            f"prepare-{name}",
            lund_stages.prepare,
            arguments={
                "process": name,
                "cuts": self.config.selection,
                "tree": self.config.network.tree,
            },
            sources={name: region.digest, "made_with": digest(provenance())},
            untracked={"paths": region.sample.files},
        )


def _trains(
    study: LundStudyConfig, prepared: tuple[str, ...], checkpoints: Path
) -> list[Stage]:
    """Train every network of every fold, fold by fold."""
    return [
        Stage(
            f"train-{fold}-{member}",
            lund_stages.train,
            inputs=prepared,
            arguments={"study": study, "fold": fold, "member": member},
            sources={"made_with": digest(provenance())},
            untracked={"checkpoints": checkpoints},
        )
        for fold in range(study.training.num_scored_folds)
        for member in range(study.training.networks)
    ]


def _without_files(config: LundStudyConfig) -> LundStudyConfig:
    nothing = {"files": ("-",)}
    return config.model_copy(
        update={
            "signal": tuple(
                point.model_copy(update=nothing) for point in config.signal
            ),
            "background": {
                name: sample.model_copy(update=nothing)
                for name, sample in config.background.items()
            },
        }
    )
