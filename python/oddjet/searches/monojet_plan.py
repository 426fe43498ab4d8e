"""The stages of a mono-jet search: who needs what, and what decides each result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oddjet.runs.config import dump_yaml
from oddjet.runs.digests import digest
from oddjet.runs.provenance import provenance
from oddjet.runs.stages import Stage
from oddjet.searches import (
    counting,
    cutflows,
    monojet_report,
    observables,
    stages,
    truth,
)
from oddjet.searches.parts import part_configs, region_parts
from oddjet.searches.regions import REGIONS, SIGNAL_REGION
from oddjet.searches.search import PAGE, RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.searches.monojet_config import MonoJetConfig
    from oddjet.searches.parts import RegionPart
    from oddjet.searches.regions import RegionFiles

Names = tuple[str, ...]
Parts = tuple["RegionPart", ...]

# What a model depends on beside the events; how many are counted is not part of it.
_MAKES_A_MODEL = {
    "search",
    "seed",
    "selection",
    "control",
    "control_regions",
    "reweight",
    "network",
    "training",
}

#: What each stage contributes to the top of the run directory.
PUBLISHED = {
    "cutflow": stages.CUTFLOW,
    "assemble": stages.MODEL,
    "score": stages.SCORES,
    "count": RESULTS,
    "report": PAGE,
}


def plan(
    config: MonoJetConfig,
    files: Mapping[str, RegionFiles],
    *,
    unblind: bool,
    checkpoints: Path,
    null: bool = False,
) -> list[Stage]:
    """Plan a search.

    Parameters
    ----------
    config : MonoJetConfig
    files : mapping of str to RegionFiles
        Of each part of the regions, by `RegionPart.home`.
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
    is_data = not null and files[SIGNAL_REGION].is_data
    blinded = is_data and not unblind
    parts = region_parts(config, null=null)
    prepared = tuple(f"prepare-{part.name}" for part in parts)
    trainings = _trainings(config)
    trained = tuple(name for members in trainings for name in members)
    return [
        *(_prepare(config, part, files[part.home], blinded=blinded) for part in parts),
        Stage(
            "cutflow",
            cutflows.collect_cutflows,
            inputs=prepared,
            arguments={
                "parts": {part.name: part.region for part in parts},
                "blinded": blinded,
            },
        ),
        *_trains(config, parts, blinded=blinded, checkpoints=checkpoints),
        _assemble(config, parts, trainings, blinded=blinded),
        _score(config, parts, blinded=blinded),
        _count(config, parts, blinded=blinded, unblinded=is_data and unblind),
        Stage(
            "observables",
            observables.describe_jets,
            inputs=prepared,
            arguments={
                "parts": parts,
                "spec": config.features.spec(),
                "blinded": blinded,
            },
        ),
        _truth(parts, files),
        _report(config, trained),
    ]


def _prepare(
    config: MonoJetConfig, part: RegionPart, files: RegionFiles, *, blinded: bool
) -> Stage:
    return Stage(
        f"prepare-{part.name}",
        stages.prepare,
        arguments={
            "part": part,
            "cuts": config.selection,
            "spec": config.features.spec(),
            "on_bad_event": config.on_bad_event,
        },
        sources={part.home: files.digest, **_made_with()},
        untracked={
            "paths": files.sample.files,
            "blinded": blinded and part.region == SIGNAL_REGION,
        },
    )


def _made_with() -> dict[str, str]:
    """Let other libraries or another processor make every number again."""
    return {"made_with": digest(provenance())}


def _learning(config: MonoJetConfig, parts: Parts) -> dict[str, Any]:
    return {
        "parts": parts,
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


def _trains(
    config: MonoJetConfig, parts: Parts, *, blinded: bool, checkpoints: Path
) -> list[Stage]:
    return [
        Stage(
            name,
            stages.train,
            inputs=tuple(f"prepare-{part.name}" for part in parts),
            arguments={
                **_learning(config, parts),
                "fold": fold,
                "member": member,
                "seed": config.seed,
            },
            sources=_made_with(),
            untracked={"checkpoints": checkpoints, "blinded": blinded},
        )
        for fold, members in enumerate(_trainings(config))
        for member, name in enumerate(members)
    ]


def _assemble(
    config: MonoJetConfig, parts: Parts, trainings: tuple[Names, ...], *, blinded: bool
) -> Stage:
    return Stage(
        "assemble",
        stages.assemble,
        inputs=(
            *(f"prepare-{part.name}" for part in parts),
            *(name for members in trainings for name in members),
        ),
        arguments={
            **_learning(config, parts),
            "trainings": trainings,
            # What the model was made with and how, but not from which files.
            "provenance": {
                **provenance(),
                **_without_files(config).model_dump(
                    mode="json", include=_MAKES_A_MODEL
                ),
            },
        },
        untracked={"blinded": blinded},
    )


def _score(config: MonoJetConfig, parts: Parts, *, blinded: bool) -> Stage:
    return Stage(
        "score",
        stages.score,
        inputs=(*(f"prepare-{part.name}" for part in parts), "assemble"),
        arguments={
            "parts": parts,
            "training": config.training,
            "blinded": blinded,
            "reweight": config.reweight,
        },
        sources=_made_with(),
    )


def _count(
    config: MonoJetConfig, parts: Parts, *, blinded: bool, unblinded: bool
) -> Stage:
    shares = {part.source: part.share for part in parts if part.source}
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
            "shares": shares,
            "blinded": blinded,
            "unblinded": unblinded,
        },
        sources=_made_with(),
    )


def _truth(parts: Parts, files: Mapping[str, RegionFiles]) -> Stage:
    return Stage(
        "truth",
        truth.collect_truth,
        inputs=("score",),
        sources={part.name: files[part.home].truth for part in parts},
        untracked={
            "paths": {
                region: tuple(
                    file
                    for part in parts
                    if part.region == region
                    for file in files[part.home].sample.files
                )
                for region in REGIONS
            }
        },
    )


def _without_files(config: MonoJetConfig) -> MonoJetConfig:
    return config.with_files(dict.fromkeys(part_configs(config), ()))


def _report(config: MonoJetConfig, trained: Names) -> Stage:
    return Stage(
        "report",
        monojet_report.render,
        inputs=("count", "score", "cutflow", "truth", "observables", *trained),
        arguments={
            "title": "Mono-jet search",
            "trainings": trained,
            # The page is the same wherever the files lie.
            "config_yaml": dump_yaml(_without_files(config)),
            "provenance": provenance(),
        },
    )
