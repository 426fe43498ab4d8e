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
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.config import dump_yaml
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.searches.event_table import EventTable
from oddjet.select.dihiggs import VARIABLES
from oddjet.stats.classification import best_accuracy
from oddjet.stats.roc import area_by_label
from oddjet.studies.classifiers import (
    TrainingSet,
    drawn,
    set_of_table,
    train_repeats,
)
from oddjet.studies.dihiggs_samples import (
    BACKGROUND,
    SIGNAL,
    DihiggsSamples,
    assignment_warning,
)
from oddjet.studies.mixed_page import mixed_report, mixed_table
from oddjet.studies.repeats import plain_rows, summarised
from oddjet.studies.spanet_classifier import SpanetTrained, pairing_accuracies
from oddjet.studies.study import COLLECT, Study, leave

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.studies.augmentation import AugmentationConfig
    from oddjet.studies.classifiers import Copies, Trained

    Labelled = tuple[EventTable, NDArray[np.bool_]]

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
        """Plan the study: the tables, a point a fraction and variant, the curve."""
        config = self.config
        tables = config.tables(self.base)
        # What a point does not depend on must not make it again.
        shared = config.without_files(fractions=(0.5,), augmentations={})
        points = [
            Stage(
                f"point-{round(1000 * fraction):04d}"
                + ("" if copies is None else f"-{variant}"),
                make_point,
                inputs=(SIGNAL, BACKGROUND),
                arguments={
                    "study": shared,
                    "fraction": fraction,
                    "variant": variant,
                    "augmentation": config.augmentations.get(variant),
                },
            )
            for fraction in sorted(config.fractions)
            for variant, copies in config.copies().items()
        ]
        names = tuple(point.name for point in points)
        arguments = {"points": names, "study": self.shown}
        collect = Stage(COLLECT, self.collect, inputs=names, arguments=arguments)
        return [*tables, *points, collect]

    @property
    def shown(self) -> MixedStudyConfig:
        """The configuration without its files: what they hold enters by the stages."""
        return self.config.without_files()

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        points: tuple[str, ...],
        study: MixedStudyConfig,
    ) -> None:
        """Put the points together, as a stage."""
        found = [
            json.loads((inputs[name] / POINT).read_text("utf-8")) for name in points
        ]
        warning = weak_assignment_warning(study, study.fractions)
        results = {"points": found, "table": mixed_table(found, warning)}
        leave(directory, results, mixed_report(found, dump_yaml(study), warning))


def make_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: MixedStudyConfig,
    fraction: float,
    variant: str,
    augmentation: AugmentationConfig | None,
) -> None:
    """Train at one signal fraction, all repeats, as a stage."""
    if (warning := weak_assignment_warning(study, [fraction])) is not None:
        progress.note(warning)
    copies = study.copies_of(augmentation)
    names = study.inputs(study.features)
    tables = study.read_tables(inputs, names, copies)
    seed = derive_seed(study.seed, "fraction", round(1e9 * fraction))
    splits = [
        _Split.draw(tables, fraction, study, copies, derive_seed(seed, repeat))
        for repeat in range(study.repeats)
    ]
    with progress.task(f"f1 = {fraction:g}", total=study.repeats) as task:
        trained = train_repeats(
            [split.training for split in splits],
            study.classifier,
            seed=seed,
            spanet=study.chosen_spanet,
        )
        task.advance(study.repeats)
    repeats = [
        _judged(trained, member, split, names) for member, split in enumerate(splits)
    ]
    write_json_atomic(
        directory / POINT,
        {
            "fraction": fraction,
            "variant": variant,
            "summary": summarised(repeats),
            "repeats": plain_rows(repeats),
        },
    )


def _judged(
    trained: Trained, member: int, split: _Split, names: Sequence[str]
) -> dict[str, float]:
    (pure, pure_label), (mixtures, mixed_label) = split.pure, split.mixtures
    score, mixed_score = (
        trained.score(member, part.features(names)) for part in (pure, mixtures)
    )
    auc = area_by_label(score, pure_label, pure.weights)
    mixed = area_by_label(mixed_score, mixed_label, mixtures.weights)
    found = {
        "auc": auc.value,
        "auc_error": auc.error,
        "accuracy": best_accuracy(score, pure_label, pure.weights),
        "auc_mixtures": mixed.value,
        "auc_mixtures_error": mixed.error,
    }
    if isinstance(trained, SpanetTrained) and trained.config.assignment_weight > 0:
        found |= pairing_accuracies(trained, member, pure[pure_label], names)
    return found


class _Split:
    """One draw of both mixtures and of what tests them, disjoint."""

    def __init__(self, training: TrainingSet, pure: Labelled, mixtures: Labelled):
        self.training, self.pure, self.mixtures = training, pure, mixtures

    @classmethod
    def draw(
        cls,
        tables: Mapping[str, EventTable],
        fraction: float,
        study: MixedStudyConfig,
        copies: Copies | None,
        seed: int,
    ) -> _Split:
        random = np.random.default_rng(seed)
        first = _numbers(study.events, fraction)
        second = _numbers(study.events, 1 - fraction)
        test_first = _numbers(study.test_events, fraction)
        test_second = _numbers(study.test_events, 1 - fraction)
        groups = []
        for place, (name, table) in enumerate(tables.items()):
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

        def sample(true: int, false: int) -> Labelled:
            return _together(
                [part[true] for part in groups], [part[false] for part in groups]
            )

        learnt, label = sample(high, low)
        return cls(
            training=set_of_table(
                learnt, label, study.inputs(study.features), seed=seed, copies=copies
            ),
            pure=_together([of_signal[2]], [of_background[2]]),
            mixtures=sample(3 + high, 3 + low),
        )


def _numbers(events: int, fraction: float) -> tuple[int, int]:
    """Give the numbers of signal and background events of a mixture."""
    signal = round(fraction * events)
    return signal, events - signal


def _together(true: Sequence[EventTable], false: Sequence[EventTable]) -> Labelled:
    """Join parts; in each the mean weight is one, so that fractions are kept."""
    labels: list[NDArray[np.bool_]] = []
    parts: list[EventTable] = []
    for value, group in ((True, true), (False, false)):
        for part in group:
            if len(part):
                labels.append(np.full(len(part), value))
                weights = part.weights / np.mean(part.weights)
                parts.append(EventTable(part.columns, weights, part.source))
    return EventTable.concatenate(parts), np.concatenate(labels)


def weak_assignment_warning(
    study: MixedStudyConfig, fractions: Sequence[float]
) -> str | None:
    """Warn of pairings beside weak labels; labels of pure samples are not weak."""
    if all(fraction in (0, 1) for fraction in fractions):
        return None
    return assignment_warning(study)
