"""The stages of a mono-jet search: who needs what, and what decides each result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches import counting, cutflows, reporting, stages, truth
from oddjet.searches.regions import CONTROL_REGION, REGIONS, SIGNAL_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.searches.monojet_config import MonoJetConfig
    from oddjet.searches.regions import RegionFiles

Names = tuple[str, ...]

# What a model depends on beside the events; how many are counted is not part of it.
_MAKES_A_MODEL = {
    "search",
    "seed",
    "selection",
    "control",
    "reweight",
    "network",
    "training",
}

#: What each stage contributes to the top of the run directory.
PUBLISHED = {
    "cutflow": stages.CUTFLOW,
    "assemble": stages.MODEL,
    "score": stages.SCORES,
    "count": counting.RESULTS,
    "report": reporting.REPORT,
}


def plan(
    config: MonoJetConfig,
    regions: Mapping[str, RegionFiles],
    *,
    unblind: bool,
    checkpoints: Path,
    null: bool = False,
) -> list[Stage]:
    """Plan a search.

    Parameters
    ----------
    config : MonoJetConfig
    regions : mapping of region to RegionFiles
    unblind : bool
        Look at a signal region of data.
    checkpoints : Path
        Directory for unfinished trainings.
    null : bool
        Both regions are the control region, and each takes one half of it.

    Returns
    -------
    list of Stage
        Each after those it reads from.
    """
    # The control region is open, in halves too.
    is_data = regions[SIGNAL_REGION].is_data and not null
    blinded = is_data and not unblind
    prepares = [
        _prepare(
            config,
            name,
            region,
            blinded=blinded and name == SIGNAL_REGION,
            half=REGIONS.index(name) if null else None,
        )
        for name, region in regions.items()
    ]
    prepared = tuple(stage.name for stage in prepares)
    trainings = _trainings(config)
    trains = [
        _train(config, fold, member, prepared, checkpoints)
        for fold, members in enumerate(trainings)
        for member in range(len(members))
    ]
    trained = tuple(stage.name for stage in trains)
    return [
        *prepares,
        Stage(
            "cutflow",
            cutflows.collect_cutflows,
            inputs=prepared,
            arguments={"blinded": blinded},
        ),
        *trains,
        _assemble(config, prepared, trainings),
        Stage(
            "score",
            stages.score,
            inputs=(*prepared, "assemble"),
            arguments={
                "training": config.training,
                "blinded": blinded,
                "reweight": config.reweight,
            },
            sources=_made_with(),
        ),
        _count(config, blinded=blinded, unblinded=is_data and unblind),
        Stage(
            "truth",
            truth.collect_truth,
            inputs=("score",),
            sources={name: region.truth for name, region in regions.items()},
            untracked={"paths": {n: r.sample.files for n, r in regions.items()}},
        ),
        _report(config, trained),
    ]


def _prepare(
    config: MonoJetConfig,
    name: str,
    region: RegionFiles,
    *,
    blinded: bool,
    half: int | None,
) -> Stage:
    spec = config.features.spec()
    return Stage(
        f"prepare-{name}",
        stages.prepare,
        arguments={
            "region": name,
            "cuts": config.selection,
            "spec": spec,
            "half": half,
            "on_bad_event": config.on_bad_event,
            # A null test has the leptons in both halves.
            "control": (
                config.control if half is not None or name == CONTROL_REGION else None
            ),
        },
        sources={name: region.digest, **_made_with()},
        untracked={"paths": region.sample.files, "blinded": blinded},
    )


def _made_with() -> dict[str, str]:
    """Let other libraries or another processor make every number again."""
    return {"made_with": digest(provenance())}


def _learning(config: MonoJetConfig) -> dict[str, Any]:
    return {
        "network": config.network,
        "training": config.training,
        "spec": config.features.spec(),
        "reweight": config.reweight,
    }


def _trainings(config: MonoJetConfig) -> tuple[Names, ...]:
    """Name the trainings of each fold; the first of a fold is called after it."""
    return tuple(
        tuple(
            f"train-{fold}-{member}" if member else f"train-{fold}"
            for member in range(config.training.networks)
        )
        for fold in range(config.training.num_scored_folds)
    )


def _train(
    config: MonoJetConfig, fold: int, member: int, prepared: Names, checkpoints: Path
) -> Stage:
    return Stage(
        _trainings(config)[fold][member],
        stages.train,
        inputs=prepared,
        arguments={
            **_learning(config),
            "fold": fold,
            "member": member,
            "seed": config.seed,
        },
        sources=_made_with(),
        untracked={"checkpoints": checkpoints},
    )


def _assemble(
    config: MonoJetConfig, prepared: Names, trainings: tuple[Names, ...]
) -> Stage:
    return Stage(
        "assemble",
        stages.assemble,
        inputs=(*prepared, *(name for members in trainings for name in members)),
        arguments={
            **_learning(config),
            "trainings": trainings,
            # What the model was made with and how, but not from which files.
            "provenance": {
                **provenance(),
                **config.model_dump(mode="json", include=_MAKES_A_MODEL),
            },
        },
    )


def _count(config: MonoJetConfig, *, blinded: bool, unblinded: bool) -> Stage:
    return Stage(
        "count",
        counting.count,
        inputs=("score",),
        arguments={
            "search": config.search,
            "seed": config.seed,
            "scoring": config.training.scoring,
            "is_null_test": config.is_null_test,
            "counting": config.counting,
            "blinded": blinded,
            "unblinded": unblinded,
        },
        sources=_made_with(),
    )


def _report(config: MonoJetConfig, trained: Names) -> Stage:
    return Stage(
        "report",
        reporting.render,
        inputs=("count", "score", "cutflow", "truth", *trained),
        arguments={
            "title": "Mono-jet search",
            "trainings": trained,
            # The page is the same wherever the files lie.
            "config_yaml": dump_yaml(config.with_files(dict.fromkeys(REGIONS, ()))),
            "provenance": provenance(),
        },
    )
