"""Hunting: signal region against sidebands, with signals of many sizes and none.

Collins, Howe, Nachman, arXiv:1805.02664; the scan over signal sizes is that of
F.-Y. Hsieh, note "CWoLa" (unpublished), section 2.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.stats.feature_correlation import feature_correlations
from oddjet.stats.roc import area_by_label
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.classifiers import train_repeats
from oddjet.studies.dihiggs_samples import (
    assignment_warning,
    read_sample,
)
from oddjet.studies.hunting_config import HuntingStudyConfig
from oddjet.studies.hunting_draws import HuntingDraw, draw_events
from oddjet.studies.hunting_page import hunting_report, hunting_table
from oddjet.studies.sculpting import features_to_keep, sculpting_test
from oddjet.studies.study import Study, leave
from oddjet.studies.two_samples import (
    BACKGROUND,
    SIGNAL,
    judged_on_pure_samples,
    read_points,
    without_files,
    write_point,
)
from oddjet.studies.variants import Variant, variants_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.searches.event_table import EventTable
    from oddjet.studies.sculpting import Sculpting

__all__ = ["HuntingStudy"]

FEATURES = "features.json"


class HuntingStudy(Study[HuntingStudyConfig]):
    """Signal region against sidebands, with signals of many sizes and none."""

    config_class = HuntingStudyConfig

    def stages(self, checkpoints: Path) -> list[Stage]:  # noqa: ARG002 - none needed
        """Plan the study: tables, features, a point a size and variant, the curve."""
        config = self.config
        tables = config.tables(self.base)
        # What a point does not depend on must not make it again.
        shared = without_files(config, times=(0.0,), augmentations={})
        features = Stage(
            "features",
            choose_features,
            inputs=(BACKGROUND,),
            arguments={
                "study": shared.model_copy(
                    update={"signal_events": 0.0, "luminosities": ()}
                )
            },
        )
        points = [
            Stage(
                f"point-{round(1000 * times):09d}"
                + ("" if variant.name == ORIGINAL else f"-{variant.name}"),
                make_point,
                inputs=(SIGNAL, BACKGROUND, "features"),
                arguments={"study": shared, "times": times, "variant": variant},
            )
            for times in sorted(config.times)
            for variant in variants_of(config.luminosities, config.augmentations)
        ]
        collect = self.collecting(points, further=("features",))
        return [*tables, features, *points, collect]

    @property
    def shown(self) -> HuntingStudyConfig:
        """The configuration without its files: what they hold enters by the stages."""
        return without_files(self.config)

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        study: HuntingStudyConfig,
    ) -> None:
        """Put features and points together, as a stage."""
        features = json.loads((inputs["features"] / FEATURES).read_text("utf-8"))
        found = read_points(inputs, stages)
        warning = assignment_warning(study)
        table = hunting_table(features, found, warning)
        page = hunting_report(
            features,
            found,
            variable=study.windows.variable,
            config_yaml=dump_yaml(study),
            warning=warning,
        )
        leave(directory, {"features": features, "points": found, "table": table}, page)


def choose_features(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: HuntingStudyConfig,
) -> None:
    """Write the correlation report and the features that are left, as a stage."""
    offered = study.inputs(study.features)
    names = (*offered, study.windows.variable)
    table = read_sample(inputs, BACKGROUND, names)
    inside, beside = (
        of(table.columns) for of in (study.windows.inside, study.windows.beside)
    )
    used = table[inside | beside]
    correlations = feature_correlations(
        {name: used.columns[name] for name in offered},
        used.columns[study.windows.variable],
        used.weights,
    )
    with progress.task("look for the region variable", total=1) as task:
        rounds = _rounds(table, offered, study)
        task.advance(1)
    kept = rounds[-1].features
    write_json_atomic(
        directory / FEATURES,
        {
            "correlations": [vars(one) for one in correlations],
            "rounds": [found.to_dict() for found in rounds],
            "recommended": list(kept),
            "used": list(kept if study.drop == "recommended" else offered),
        },
    )


def _rounds(
    table: EventTable, offered: Sequence[str], study: HuntingStudyConfig
) -> list[Sculpting]:
    """Test what finds the regions, and drop it, round by round."""
    seed = derive_seed(study.seed, "features")
    folds, efficiencies = study.sculpting_folds, study.background_efficiencies
    if study.chosen_spanet is None:
        return features_to_keep(
            table, study.windows, offered, study.classifier, repeats=study.repeats,
            largest=study.distance_correlation_max, seed=seed, folds=folds,
            efficiencies=efficiencies,
        )  # fmt: skip
    # Its inputs are the four jets: there is nothing to drop. Networks are trained one
    # after the other: as many in all as a point has.
    networks = -(-study.repeats // folds)
    return [
        sculpting_test(
            table, study.windows, offered, study.classifier, repeats=networks,
            seed=seed, spanet=study.chosen_spanet, folds=folds,
            efficiencies=efficiencies,
        )
    ]  # fmt: skip


def make_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: HuntingStudyConfig,
    times: float,
    variant: Variant,
) -> None:
    """Train with a signal of one size, all repeats, as a stage."""
    if (warning := assignment_warning(study)) is not None:
        progress.note(warning)
    chosen = json.loads((inputs["features"] / FEATURES).read_text("utf-8"))["used"]
    names = (*chosen, study.windows.variable)
    tables = study.read_tables(inputs, names, study.copies_of(variant.augmentation))
    seed = derive_seed(study.seed, "times", round(1e6 * times))
    draws = [
        draw_events(
            tables,
            study,
            chosen,
            times=times,
            variant=variant,
            seed=derive_seed(seed, repeat),
        )
        for repeat in range(study.repeats)
    ]
    with progress.task(f"signal x {times:g}", total=study.repeats) as task:
        trained = train_repeats(
            [draw.training for draw in draws],
            study.classifier,
            seed=seed,
            spanet=study.chosen_spanet,
        )
        task.advance(study.repeats)
    repeats = [
        _judged(partial(trained.score, member), draw, study)
        for member, draw in enumerate(draws)
    ]
    write_point(directory, repeats, times=times, variant=variant.name)


def _judged(
    score_of: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    draw: HuntingDraw,
    study: HuntingStudyConfig,
) -> dict[str, float]:
    pure, regions = draw.pure, draw.regions
    score, in_regions = (score_of(part.features) for part in (pure, regions))
    found = judged_on_pure_samples(
        score,
        pure.label,
        pure.weights,
        efficiencies=study.background_efficiencies,
        before=draw.sensitivity,
    )
    auc = area_by_label(in_regions, regions.label, regions.weights)
    return found | {"sensitivity": draw.sensitivity, "auc_regions": auc.value}
