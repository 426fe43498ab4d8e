"""Mixed samples: what a classifier of two mixtures knows about signal and background.

Metodiev, Nachman, Thaler, arXiv:1708.02949; the scan over the signal fraction is that
of F.-Y. Hsieh, note "CWoLa" (unpublished), section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.config import dump_yaml
from oddjet.runs.seeds import derive_seed
from oddjet.runs.stages import Stage
from oddjet.searches.event_table import EventTable
from oddjet.select.dihiggs import VARIABLES
from oddjet.studies.classifiers import train_repeats
from oddjet.studies.dihiggs_samples import DihiggsSamples, assignment_warning
from oddjet.studies.mixed_page import mixed_report, mixed_table
from oddjet.studies.mixture_rows import mixture_rows
from oddjet.studies.spanet_classifier import SpanetTrained, pairing_accuracies
from oddjet.studies.study import Study, leave
from oddjet.studies.training_sets import set_of_table
from oddjet.studies.two_samples import (
    BACKGROUND,
    SIGNAL,
    judged_on_mixtures,
    judged_on_pure_samples,
    read_points,
    without_files,
    write_point,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.studies.augmentation import AugmentationConfig
    from oddjet.studies.classifiers import Trained
    from oddjet.studies.training_sets import Copies, TrainingSet

    Rows = NDArray[np.int64]
    Labelled = tuple[EventTable, NDArray[np.bool_]]

__all__ = ["MixedStudy", "MixedStudyConfig"]


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
        shared = without_files(config, fractions=(0.5,), augmentations={})
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
        return [*tables, *points, self.collecting(points)]

    @property
    def shown(self) -> MixedStudyConfig:
        """The configuration without its files: what they hold enters by the stages."""
        return without_files(self.config)

    @staticmethod
    def collect(
        directory: Path,
        inputs: Mapping[str, Path],
        progress: Progress,  # noqa: ARG004 - the signature of a stage
        *,
        stages: tuple[str, ...],
        study: MixedStudyConfig,
    ) -> None:
        """Put the points together, as a stage."""
        found = read_points(inputs, stages)
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
    write_point(directory, repeats, fraction=fraction, variant=variant)


def _judged(
    trained: Trained, member: int, split: _Split, names: Sequence[str]
) -> dict[str, float]:
    (pure, is_signal), (mixtures, is_first) = split.pure, split.mixtures
    score, mixed_score = (
        trained.score(member, part.features(names)) for part in (pure, mixtures)
    )
    found = judged_on_pure_samples(score, is_signal, pure.weights)
    found |= judged_on_mixtures(mixed_score, is_first, mixtures.weights)
    if isinstance(trained, SpanetTrained) and trained.config.assignment_weight > 0:
        found |= pairing_accuracies(trained, member, pure[is_signal], names)
    return found


@dataclass(frozen=True)
class _Split:
    """One draw of both mixtures and of what tests them, disjoint."""

    training: TrainingSet
    pure: Labelled
    mixtures: Labelled

    @classmethod
    def draw(
        cls,
        tables: Mapping[str, EventTable],
        fraction: float,
        study: MixedStudyConfig,
        copies: Copies | None,
        seed: int,
    ) -> _Split:
        rows = mixture_rows(
            {name: len(table) for name, table in tables.items()},
            fraction,
            events=study.events,
            test_events=study.test_events,
            random=np.random.default_rng(seed),
        )

        def labelled(both: Mapping[str, tuple[Rows, Rows]]) -> Labelled:
            return _together(
                *(
                    [table[both[name][place]] for name, table in tables.items()]
                    for place in range(2)
                )
            )

        pure = [table[rows.pure[name]] for name, table in tables.items()]
        learnt, label = labelled(rows.training)
        return cls(
            training=set_of_table(
                learnt, label, study.inputs(study.features), seed=seed, copies=copies
            ),
            pure=_together(pure[:1], pure[1:]),
            mixtures=labelled(rows.mixtures),
        )


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
