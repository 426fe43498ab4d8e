"""Networks of jet images at one S / sqrt(B): draw, split, copy, train, judge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.sparse_images import SparseImages
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.stats.classification import best_accuracy, significance_improvement
from oddjet.stats.roc import area_by_label
from oddjet.studies.classifiers import VALIDATION
from oddjet.studies.image_samples import ImageSample, read_copies, read_images
from oddjet.studies.repeats import plain_rows, summarised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.runs.progress import Progress
    from oddjet.studies.images_config import ImagesStudyConfig
    from oddjet.studies.variants import Variant

__all__ = ["POINT", "Draw", "check_numbers", "draw_events", "make_point"]

POINT = "point.json"
SIGNAL, BACKGROUND = "signal", "background"
#: Fewer background events of a region that are left over say nothing.
_FEWEST_LEFT = 50


@dataclass(frozen=True)
class Draw:
    """Events of one training, by process; no event is in two groups.

    Attributes
    ----------
    test : dict of process to int64 array
        Of the signal region.
    regions : dict of process to (int64 array, int64 array)
        In the signal region and in the sidebands: they train and validate.
    left : (int64 array, int64 array)
        Background of both regions that nothing else takes.
    """

    test: dict[str, NDArray[np.int64]]
    regions: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
    left: tuple[NDArray[np.int64], NDArray[np.int64]]


def check_numbers(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    study: ImagesStudyConfig,
) -> None:
    """Draw for every point without training, as a stage: hours later is too late.

    Raises
    ------
    UserError
        As `draw_events`.
    """
    samples = {
        name: read_images(inputs[name], inputs[f"images-{name}"], study.images.bins)
        for name in (SIGNAL, BACKGROUND)
    }
    numbers = []
    for variant, sensitivity in study.points():
        draw = draw_events(samples, study, variant, sensitivity, study.seed)
        rows = {
            name: [len(part) for part in regions]
            for name, regions in draw.regions.items()
        }
        numbers.append({"variant": variant.name, "sensitivity": sensitivity} | rows)
    write_json_atomic(directory / "numbers.json", numbers)


def draw_events(
    samples: Mapping[str, ImageSample],
    study: ImagesStudyConfig,
    variant: Variant,
    sensitivity: float,
    seed: int,
) -> Draw:
    """Draw what tests and what trains one network.

    A larger luminosity takes the events of a smaller one and more; copies change
    nothing here.

    Raises
    ------
    UserError
        A sample has too few events in a region; it is said how many there are.
    """
    factor, windows = variant.luminosity, study.windows
    wanted = {
        BACKGROUND: tuple(round(factor * number) for number in study.background_events)
    }
    in_region = round(factor * sensitivity * math.sqrt(study.background_events[0]))
    found = samples[SIGNAL]
    inside, beside = (
        float(np.sum(found.weights[chosen(found.columns)]))
        for chosen in (windows.inside, windows.beside)
    )
    wanted[SIGNAL] = (in_region, round(in_region * beside / inside))
    test, regions, left = {}, {}, {}
    for name, sample in samples.items():
        random = np.random.default_rng(derive_seed(seed, "events", name))
        tested = study.test_events
        places = [
            random.permutation(np.flatnonzero(chosen(sample.columns)))
            for chosen in (windows.inside, windows.beside)
        ]
        for place, rows, needed in zip(
            ("signal region", "sidebands"), places,
            (tested + wanted[name][0], wanted[name][1]), strict=True,
        ):  # fmt: skip
            if needed > len(rows):
                message = (
                    f"the study needs {needed:,} events of the {name} in the {place} at"
                    f" S/sqrt(B) = {sensitivity:g} ({variant.name}), there are"
                    f" {len(rows):,}; give more files, or lower test_events,"
                    " background_events or luminosities"
                )
                raise UserError(message)
        first, second = wanted[name]
        test[name] = places[0][:tested]
        regions[name] = (places[0][tested : tested + first], places[1][:second])
        left[name] = (places[0][tested + first :], places[1][second:])
    return Draw(test, regions, left[BACKGROUND])


def make_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: ImagesStudyConfig,
    variant: Variant,
    sensitivity: float,
) -> None:
    """Train at one S / sqrt(B), as a stage.

    The events and the split of a repeat are the same for all variants of a study, so
    that differences between them are paired.
    """
    bins = study.images.bins
    samples, copies = {}, {}
    for name in (SIGNAL, BACKGROUND):
        samples[name] = read_images(inputs[name], inputs[f"images-{name}"], bins)
        if variant.augmentation is not None:
            place = inputs[f"images-{name}-{variant.name}"]
            copies[name] = read_copies(place, bins)
    seed = derive_seed(study.seed, "sensitivity", round(1e6 * sensitivity))
    repeats: list[dict[str, float]] = []
    title = f"{variant.name}, S/sqrt(B) = {sensitivity:g}"
    with progress.task(title, total=study.repeats) as task:
        for number in range(study.repeats):
            own = derive_seed(seed, "repeat", number)
            draw = draw_events(samples, study, variant, sensitivity, own)
            repeats.append(_train_and_judge(samples, copies, draw, study, own))
            task.advance()
    factor = math.sqrt(variant.luminosity)
    for found in repeats:
        for efficiency in study.background_efficiencies:
            improvement = found[f"improvement_{efficiency:g}"]
            found[f"after_{efficiency:g}"] = improvement * sensitivity * factor
    write_json_atomic(
        directory / POINT,
        {
            "variant": variant.name,
            "sensitivity": sensitivity,
            "before": sensitivity * factor,
            "summary": summarised(repeats),
            "repeats": plain_rows(repeats),
        },
    )


def _train_and_judge(
    samples: Mapping[str, ImageSample],
    copies: Mapping[str, SparseImages],
    draw: Draw,
    study: ImagesStudyConfig,
    seed: int,
) -> dict[str, float]:
    training = _Training.of(samples, copies, draw, seed)
    fitted = _fit(training, study, seed)
    pure, is_signal, pure_weights = _joined(
        samples,
        [(SIGNAL, draw.test[SIGNAL], True), (BACKGROUND, draw.test[BACKGROUND], False)],
    )
    score = _scored(fitted, pure)
    found = {
        "auc": area_by_label(score, is_signal, pure_weights).value,
        "accuracy": best_accuracy(score, is_signal, pure_weights),
        "auc_regions": _auc_of_regions(samples, draw, fitted),
        **training.weak_accuracies(fitted),
        "best_epoch": float(fitted.best_epoch),
    }
    for efficiency in study.background_efficiencies:
        found[f"improvement_{efficiency:g}"] = significance_improvement(
            score, is_signal, efficiency, pure_weights
        ).value
    return found


@dataclass(frozen=True)
class _Training:
    """Events of both regions, first the originals, then copies of those that train."""

    images: SparseImages
    label: NDArray[np.bool_]
    weights: NDArray[np.float64]
    trains: NDArray[np.int64]
    validates: NDArray[np.int64]
    num_originals: int

    @classmethod
    def of(
        cls,
        samples: Mapping[str, ImageSample],
        copies: Mapping[str, SparseImages],
        draw: Draw,
        seed: int,
    ) -> _Training:
        groups = [
            (name, rows, is_region)
            for name, both in draw.regions.items()
            for rows, is_region in zip(both, (True, False), strict=True)
        ]
        images, label, weights = _joined(samples, groups)
        random = np.random.default_rng(derive_seed(seed, "validation"))
        validates = random.random(len(label)) < VALIDATION
        parts, rows_of_parts = [images], [np.arange(len(label))]
        start = 0
        for name, rows, _ in groups:
            here = np.arange(start, start + len(rows))
            start += len(rows)
            if name not in copies:
                continue
            learns = ~validates[here]
            size = len(samples[name])
            for copy in range(len(copies[name]) // size):
                parts.append(copies[name][copy * size + rows[learns]])
                rows_of_parts.append(here[learns])
        source = np.concatenate(rows_of_parts)
        trains = np.concatenate(
            [np.flatnonzero(~validates), np.arange(len(label), len(source))]
        )
        return cls(
            SparseImages.concatenate(parts), label[source], weights[source], trains,
            np.flatnonzero(validates), len(label),
        )  # fmt: skip

    def weak_accuracies(self, fitted: FittedNetwork) -> dict[str, float]:
        """Judge by the labels of the regions, as one can where truth is not known."""
        found = {}
        for name, rows in (
            ("accuracy_training", self.trains[self.trains < self.num_originals]),
            ("accuracy_validation", self.validates),
        ):
            score = _scored(fitted, self.images[rows])
            found[name] = best_accuracy(score, self.label[rows], self.weights[rows])
        return found


def _fit(training: _Training, study: ImagesStudyConfig, seed: int) -> FittedNetwork:
    from oddjet.learn.image_training import fit_image_network
    from oddjet.learn.member_batches import Member

    return fit_image_network(
        study.network,
        training.images,
        training.label,
        training.weights,
        member=Member(
            training.trains, training.validates, derive_seed(seed, "network")
        ),
        config=study.training,
    )


def _scored(fitted: FittedNetwork, images: SparseImages) -> NDArray[np.float32]:
    from oddjet.learn.image_training import ImageInputs

    return fitted.logits(ImageInputs(images))


def _joined(
    samples: Mapping[str, ImageSample],
    groups: Sequence[tuple[str, NDArray[np.int64], bool]],
) -> tuple[SparseImages, NDArray[np.bool_], NDArray[np.float64]]:
    """Join groups of events; in each the mean weight is one: numbers are asked for."""
    filled = [group for group in groups if len(group[1])]
    weights = [samples[name].weights[rows] for name, rows, _ in filled]
    return (
        SparseImages.concatenate([samples[n].images[rows] for n, rows, _ in filled]),
        np.repeat([label for _, _, label in filled], [len(w) for w in weights]),
        np.concatenate([each / np.mean(each) for each in weights]),
    )


def _auc_of_regions(
    samples: Mapping[str, ImageSample], draw: Draw, fitted: FittedNetwork
) -> float:
    """Tell the regions apart in background that the network has not seen."""
    inside, beside = draw.left
    if min(len(inside), len(beside)) < _FEWEST_LEFT:
        return math.nan
    images, label, weights = _joined(
        samples, [(BACKGROUND, inside, True), (BACKGROUND, beside, False)]
    )
    value: Any = area_by_label(_scored(fitted, images), label, weights).value
    return float(value)
