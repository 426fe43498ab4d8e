"""Mixed samples: what a classifier of two mixtures knows about signal and background.

Metodiev, Nachman, Thaler, arXiv:1708.02949; the scan over the signal fraction is that
of F.-Y. Hsieh, note "CWoLa" (unpublished), section 1.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.report.study_page import write_study_report
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.searches.event_table import EventTable, read_event_table
from oddjet.searches.table_source import TABLE
from oddjet.select.dihiggs import VARIABLES
from oddjet.stats.classification import best_accuracy
from oddjet.stats.roc import area_by_label
from oddjet.studies.classifiers import TrainingSet, drawn, train_repeats
from oddjet.studies.dihiggs_samples import BACKGROUND, SIGNAL, DihiggsSamples
from oddjet.studies.mixed_page import mixed_report, point_table
from oddjet.studies.repeats import markdown_table, summarised
from oddjet.studies.study import COLLECT, REPORT, RESULTS, Study
from oddjet.studies.study import TABLE as TABLE_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress

__all__ = ["MixedStudy", "MixedStudyConfig"]

POINT = "point.json"


class MixedStudyConfig(DihiggsSamples):
    """AUC on pure samples against the signal fraction f1 of one of two mixtures."""

    study: Literal["mixed"] = Field("mixed", description="which study this is")
    features: tuple[str, ...] = Field(
        VARIABLES, min_length=1, description="inputs of the classifier"
    )
    fractions: tuple[float, ...] = Field(
        (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        min_length=1,
        description="signal fractions f1 of the first mixture; the second has 1 - f1",
    )
    events: int = Field(10_000, ge=10, description="training events of each mixture")
    test_events: int = Field(
        5_000, ge=10, description="events of each pure test sample"
    )
    repeats: int = Field(20, ge=1, le=1000, description="trainings at each fraction")
    classifier: ClassifierConfig = Field(
        default_factory=lambda: ClassifierConfig(hidden=(64, 64), dropout=0.0),
        description="the network",
    )

    @model_validator(mode="after")
    def _fractions_are_some(self) -> Self:
        for fraction in self.fractions:
            if not 0 <= fraction <= 1:
                message = f"must have fractions in [0, 1], got {fraction}"
                raise ValueError(message)
        if len(set(self.fractions)) < len(self.fractions):
            message = "must list each of the fractions once"
            raise ValueError(message)
        return self


class MixedStudy(Study[MixedStudyConfig]):
    """Two mixtures of rising and falling signal fraction."""

    config_class = MixedStudyConfig

    def stages(self, checkpoints: Path) -> list[Stage]:  # noqa: ARG002 - none needed
        """Plan the study: the tables, a point a fraction, the curve."""
        config = self.config
        tables = config.tables(self.base)
        # What a point does not depend on must not make it again.
        shared = config.without_files(fractions=(0.5,))
        points = [
            Stage(
                f"point-{round(1000 * fraction):04d}",
                make_point,
                inputs=(SIGNAL, BACKGROUND),
                arguments={"study": shared, "fraction": fraction},
            )
            for fraction in sorted(config.fractions)
        ]
        names = tuple(point.name for point in points)
        arguments = {"points": names, "study": config.without_files()}
        collect = Stage(COLLECT, collect_mixed, inputs=names, arguments=arguments)
        return [*tables, *points, collect]


def make_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: MixedStudyConfig,
    fraction: float,
) -> None:
    """Train at one signal fraction, all repeats at once, as a stage."""
    signal, background = (
        read_event_table(inputs[name] / TABLE).require(study.features, where=name)
        for name in (SIGNAL, BACKGROUND)
    )
    seed = derive_seed(study.seed, "fraction", round(1e9 * fraction))
    splits = [
        _Split.draw(signal, background, fraction, study, derive_seed(seed, repeat))
        for repeat in range(study.repeats)
    ]
    with progress.task(f"f1 = {fraction:g}", total=study.repeats) as task:
        trained = train_repeats(
            [split.training for split in splits], study.classifier, seed=seed
        )
        task.advance(study.repeats)
    repeats = []
    for member, split in enumerate(splits):
        pure, mixtures = split.pure, split.mixtures
        score, mixed_score = (
            trained.logits(part.features)[member] for part in (pure, mixtures)
        )
        auc = area_by_label(score, pure.label, pure.weights)
        mixed = area_by_label(mixed_score, mixtures.label, mixtures.weights)
        repeats.append(
            {
                "auc": auc.value,
                "auc_error": auc.error,
                "accuracy": best_accuracy(score, pure.label, pure.weights),
                "auc_mixtures": mixed.value,
                "auc_mixtures_error": mixed.error,
            }
        )
    write_json_atomic(
        directory / POINT,
        {"fraction": fraction, "summary": summarised(repeats), "repeats": repeats},
    )


class _Split:
    """One draw of both mixtures and of what tests them, disjoint."""

    def __init__(self, training: TrainingSet, pure: TrainingSet, mixtures: TrainingSet):
        self.training, self.pure, self.mixtures = training, pure, mixtures

    @classmethod
    def draw(
        cls,
        signal: EventTable,
        background: EventTable,
        fraction: float,
        study: MixedStudyConfig,
        seed: int,
    ) -> _Split:
        random = np.random.default_rng(seed)
        first = _numbers(study.events, fraction)
        second = _numbers(study.events, 1 - fraction)
        test_first = _numbers(study.test_events, fraction)
        test_second = _numbers(study.test_events, 1 - fraction)
        groups = []
        for name, table, place in ((SIGNAL, signal, 0), (BACKGROUND, background, 1)):
            numbers = [
                first[place], second[place], study.test_events,
                test_first[place], test_second[place],
            ]  # fmt: skip
            if sum(numbers) > len(table):
                message = (
                    f"the study needs {sum(numbers)} events of the {name} at f1 = "
                    f"{fraction:g}, there are {len(table)}; lower events or "
                    "test_events, or give more files"
                )
                raise UserError(message)
            groups.append([table[rows] for rows in drawn(len(table), numbers, random)])
        # Fixed before training: the mixture with more signal is to score high.
        high, low = (0, 1) if fraction >= 0.5 else (1, 0)
        of_signal, of_background = groups

        def sample(true: list[int], false: list[int]) -> TrainingSet:
            return _together(
                [part[i] for part in groups for i in true],
                [part[i] for part in groups for i in false],
                study.features,
            )

        return cls(
            training=sample([high], [low]),
            pure=_together([of_signal[2]], [of_background[2]], study.features),
            mixtures=sample([3 + high], [3 + low]),
        )


def _numbers(events: int, fraction: float) -> tuple[int, int]:
    """Give the numbers of signal and background events of a mixture."""
    signal = round(fraction * events)
    return signal, events - signal


def _together(
    true: Sequence[EventTable], false: Sequence[EventTable], names: Sequence[str]
) -> TrainingSet:
    """Join parts; in each the mean weight is one, so that fractions are kept."""
    parts = [part for part in (*true, *false) if len(part)]
    labels: list[NDArray[np.bool_]] = [
        np.full(len(part), value)
        for value, group in ((True, true), (False, false))
        for part in group
        if len(part)
    ]
    return TrainingSet(
        np.concatenate([part.features(names) for part in parts]),
        np.concatenate(labels),
        np.concatenate([part.weights / np.mean(part.weights) for part in parts]),
    )


def collect_mixed(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    points: tuple[str, ...],
    study: MixedStudyConfig,
) -> None:
    """Put the points together, as a stage."""
    found = [json.loads((inputs[name] / POINT).read_text("utf-8")) for name in points]
    table = markdown_table(*point_table(found))
    write_json_atomic(directory / RESULTS, {"points": found, "table": table})
    (directory / TABLE_TEXT).write_text(table, encoding="utf-8")
    write_study_report(directory / REPORT, mixed_report(found, dump_yaml(study)))
