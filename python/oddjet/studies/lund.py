"""The study of LundNet on semi-visible jets: from files to areas under the curve."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from oddjet.io.paths import find_files
from oddjet.runs.atomic import remove_tree, write_text_atomic
from oddjet.runs.config import dump_yaml, load_yaml, parse_config
from oddjet.runs.digests import digest
from oddjet.runs.lock import lock_directory
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage, publish, run_stages
from oddjet.searches.regions import RegionConfig, RegionFiles
from oddjet.studies import lund_stages
from oddjet.studies.lund_config import LundStudyConfig

if TYPE_CHECKING:
    from oddjet.studies.lund_config import SampleConfig

__all__ = ["LundStudy"]

_PUBLISHED = (
    lund_stages.AREAS,
    lund_stages.TABLE,
    lund_stages.CUTFLOW,
    lund_stages.SCORES,
    "auc_sp.svg",
    "auc_vp.svg",
)


class LundStudy:
    """Trains LundNet on simulated processes and measures it at every signal.

    Parameters
    ----------
    config : LundStudyConfig
    base : Path, optional
        Directory that relative files start from; by default the current one.
    """

    def __init__(self, config: LundStudyConfig, *, base: Path | None = None) -> None:
        self.config = config
        self.base = base or Path()

    @classmethod
    def from_yaml(cls, path: Path | str) -> LundStudy:
        """Read a configuration file; its files are relative to its directory.

        Raises
        ------
        UserError
            The first problem of the file, in one sentence.
        """
        path = Path(path)
        config = parse_config(LundStudyConfig, load_yaml(path), source=path)
        return cls(config, base=path.parent)

    def run(
        self,
        directory: Path | str,
        *,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> str:
        """Run the study, or what is left of it.

        Parameters
        ----------
        directory : Path or str
            Takes model.onnx (a `LundSpec` bundle), scores.parquet (a row an event
            with the scores of J0 and J1 out of fold), auc.csv, auc.md, auc_sp.svg,
            auc_vp.svg and cutflow.csv.
        jobs : int
            Processes at once; never changes a result.
        progress : Progress, optional

        Returns
        -------
        str
            The table of areas.

        Raises
        ------
        UserError
            Files that cannot be used or hold recorded data, or too few jets to train
            or calibrate on.
        """
        with lock_directory(directory) as root:
            checkpoints = (root / "stages" / ".checkpoints").absolute()
            stages = self._stages(checkpoints)
            shown = progress or Progress.silent()
            places = run_stages(root, stages, jobs=jobs, progress=shown)
            remove_tree(checkpoints)
            publish(places["model"] / lund_stages.MODEL, root / lund_stages.MODEL)
            for name in _PUBLISHED:
                publish(places["measure"] / name, root / name)
            write_text_atomic(root / "config.yaml", dump_yaml(self.config))
            return (root / lund_stages.TABLE).read_text("utf-8")

    def _stages(self, checkpoints: Path) -> list[Stage]:
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
        return [*prepares, *trains, model, measure]

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
