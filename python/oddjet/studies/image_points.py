"""Networks of jet images at one S / sqrt(B): draw, split, copy, train, judge."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.stats.roc import area_by_label
from oddjet.studies.image_samples import read_copies, read_images
from oddjet.studies.image_trainings import ImageTraining, joined_images, scored_images
from oddjet.studies.two_samples import (
    BACKGROUND,
    SIGNAL,
    judged_on_pure_samples,
    write_point,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.network_fitting import FittedNetwork
    from oddjet.learn.sparse_images import SparseImages
    from oddjet.runs.progress import Progress
    from oddjet.studies.image_samples import ImageSample
    from oddjet.studies.images_config import ImagesStudyConfig
    from oddjet.studies.variants import Variant

__all__ = ["Draw", "draw_events", "judged_by_truth", "make_point"]

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
    before = sensitivity * math.sqrt(variant.luminosity)
    repeats: list[dict[str, float]] = []
    title = f"{variant.name}, S/sqrt(B) = {sensitivity:g}"
    with progress.task(title, total=study.repeats) as task:
        for number in range(study.repeats):
            own = derive_seed(seed, "repeat", number)
            draw = draw_events(samples, study, variant, sensitivity, own)
            fitted, found = _train_and_judge(samples, copies, draw, study, own)
            found |= judged_by_truth(
                fitted, samples, draw.test,
                efficiencies=study.background_efficiencies, before=before,
            )  # fmt: skip
            repeats.append(found)
            task.advance()
    write_point(
        directory,
        repeats,
        variant=variant.name,
        sensitivity=sensitivity,
        before=before,
    )


def _train_and_judge(
    samples: Mapping[str, ImageSample],
    copies: Mapping[str, SparseImages],
    draw: Draw,
    study: ImagesStudyConfig,
    seed: int,
) -> tuple[FittedNetwork, dict[str, float]]:
    """Train on the regions; give the network, and what can be known without truth."""
    training = ImageTraining.of(samples, copies, draw.regions, seed)
    fitted = training.fit(study.network, study.training, seed)
    return fitted, {
        "auc_regions": _auc_of_regions(samples, draw, fitted),
        **training.weak_accuracies(fitted),
        "best_epoch": float(fitted.best_epoch),
    }


def judged_by_truth(
    fitted: FittedNetwork,
    samples: Mapping[str, ImageSample],
    test: Mapping[str, NDArray[np.int64]],
    *,
    efficiencies: Sequence[float] = (),
    before: float = 0.0,
) -> dict[str, float]:
    """Judge a network on pure samples.

    Parameters
    ----------
    fitted : FittedNetwork
    samples : mapping of process to ImageSample
    test : mapping of process to int64 array
        Events that the network has not seen.
    efficiencies, before
        As for `judged_on_pure_samples`.

    Returns
    -------
    dict of name to float
    """
    groups = [(name, test[name], name == SIGNAL) for name in (SIGNAL, BACKGROUND)]
    images, is_signal, weights = joined_images(samples, groups)
    score = scored_images(fitted, images)
    return judged_on_pure_samples(
        score, is_signal, weights, efficiencies=efficiencies, before=before
    )


def _auc_of_regions(
    samples: Mapping[str, ImageSample], draw: Draw, fitted: FittedNetwork
) -> float:
    """Tell the regions apart in background that the network has not seen."""
    inside, beside = draw.left
    if min(len(inside), len(beside)) < _FEWEST_LEFT:
        return math.nan
    images, label, weights = joined_images(
        samples, [(BACKGROUND, inside, True), (BACKGROUND, beside, False)]
    )
    value: Any = area_by_label(scored_images(fitted, images), label, weights).value
    return float(value)
