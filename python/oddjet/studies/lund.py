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
        config, training = self.config, self.config.training
        samples: dict[str, SampleConfig] = {
            point.name: point for point in config.signal
        }
        samples |= config.background
        prepares = [self._prepare(name, sample) for name, sample in samples.items()]
        prepared = tuple(stage.name for stage in prepares)
        # Where files are does not decide anything: their content does.
        study = _without_files(config)
        made_with = digest(provenance())
        trains = [
            Stage(
                f"train-{fold}-{member}",
                lund_stages.train,
                inputs=prepared,
                arguments={"study": study, "fold": fold, "member": member},
                sources={"made_with": made_with},
                untracked={"checkpoints": checkpoints},
            )
            for fold in range(training.num_scored_folds)
            for member in range(training.networks)
        ]
        names = [stage.name for stage in trains]
        size = training.networks
        trainings = tuple(
            tuple(names[start : start + size]) for start in range(0, len(names), size)
        )
        facts = {"study": study.model_dump(exclude={"signal", "background"})}
        model = Stage(
            "model",
            lund_stages.assemble,
            inputs=(*prepared, *names),
            arguments={
                "study": study,
                "trainings": trainings,
                "provenance": provenance() | facts,
            },
        )
        measure = Stage(
            "measure",
            lund_stages.measure,
            inputs=(*prepared, "model"),
            arguments={"study": study},
            sources={"made_with": made_with},
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
        region = RegionFiles.open(files, RegionConfig())
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
