"""The plan of training LundNet: from files of processes to scores out of fold."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from oddjet.io.paths import find_files
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches import lund_stages
from oddjet.searches.lund_config import LundTaggerConfig
from oddjet.searches.regions import RegionConfig, RegionFiles

Config = TypeVar("Config", bound=LundTaggerConfig)

if TYPE_CHECKING:
    from oddjet.searches.lund_config import SampleConfig

__all__ = ["MEASURE", "MODEL", "lund_plan", "without_files"]

#: Names of the stages with the model file, and with scores and areas.
MODEL, MEASURE = "model", "measure"


def lund_plan(config: LundTaggerConfig, base: Path, checkpoints: Path) -> list[Stage]:
    """Plan trees, trainings, the model file, scores and areas.

    Parameters
    ----------
    config : LundTaggerConfig
    base : Path
        Directory that relative files start from.
    checkpoints : Path
        Directory for unfinished trainings.

    Returns
    -------
    list of Stage

    Raises
    ------
    UserError
        Files that are not there, or are recorded data.
    """
    samples: dict[str, SampleConfig] = {p.name: p for p in config.signal}
    samples |= config.background
    prepares = [_prepare(config, name, each, base) for name, each in samples.items()]
    prepared = tuple(stage.name for stage in prepares)
    # Where files are does not decide anything: their content does.
    tagger = without_files(config)
    trains = _trains(tagger, prepared, checkpoints)
    names, size = [stage.name for stage in trains], config.training.networks
    facts = {"study": tagger.model_dump(exclude={"signal", "background"})}
    model = Stage(
        MODEL,
        lund_stages.assemble,
        inputs=(*prepared, *names),
        arguments={
            "tagger": tagger,
            "trainings": tuple(
                tuple(names[start : start + size])
                for start in range(0, len(names), size)
            ),
            "provenance": provenance() | facts,
        },
    )
    measure = Stage(
        MEASURE,
        lund_stages.measure,
        inputs=(*prepared, MODEL),
        arguments={"tagger": tagger},
        sources={"made_with": digest(provenance())},
    )
    return [*prepares, *trains, model, measure]


def _prepare(
    config: LundTaggerConfig, name: str, sample: SampleConfig, base: Path
) -> Stage:
    start = Path(glob.escape(str(base)))
    files = find_files(
        [(start if glob.has_magic(file) else base) / file for file in sample.files]
    )
    # The label of a jet is its process: recorded data have none, and are refused.
    region = RegionFiles.open(files, RegionConfig(role="mc"))
    return Stage(
        f"prepare-{name}",
        lund_stages.prepare,
        arguments={
            "process": name,
            "cuts": config.selection,
            "tree": config.network.tree,
        },
        sources={name: region.digest, "made_with": digest(provenance())},
        untracked={"paths": region.sample.files},
    )


def _trains(
    tagger: LundTaggerConfig, prepared: tuple[str, ...], checkpoints: Path
) -> list[Stage]:
    """Train every network of every fold, fold by fold."""
    return [
        Stage(
            f"train-{fold}-{member}",
            lund_stages.train,
            inputs=prepared,
            arguments={"tagger": tagger, "fold": fold, "member": member},
            sources={"made_with": digest(provenance())},
            untracked={"checkpoints": checkpoints},
        )
        for fold in range(tagger.training.num_scored_folds)
        for member in range(tagger.training.networks)
    ]


def without_files(config: Config) -> Config:
    """Leave out where the files of the samples lie."""
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
