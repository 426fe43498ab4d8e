"""Networks of jet images at one signal fraction f1 of two mixtures.

Both are drawn from the signal region: what a network learns, it learns of what the
mixtures hold, for their masses are alike but for the signal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.seeds import derive_seed
from oddjet.studies.augmentation import ORIGINAL
from oddjet.studies.image_points import draw_events, judged_by_truth
from oddjet.studies.image_samples import read_images
from oddjet.studies.image_trainings import ImageTraining, joined_images, scored_images
from oddjet.studies.mixture_rows import MixtureRows, mixture_rows
from oddjet.studies.two_samples import (
    BACKGROUND,
    SIGNAL,
    judged_on_mixtures,
    write_point,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.studies.image_samples import ImageSample
    from oddjet.studies.images_config import ImagesStudyConfig

__all__ = ["check_numbers", "draw_mixtures", "make_mixture_point"]


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
        As `draw_events` and `draw_mixtures`.
    """
    samples = _read(inputs, study)
    numbers = []
    for variant, sensitivity in study.points():
        draw = draw_events(samples, study, variant, sensitivity, study.seed)
        rows = {
            name: [len(part) for part in regions]
            for name, regions in draw.regions.items()
        }
        numbers.append({"variant": variant.name, "sensitivity": sensitivity} | rows)
    for fraction in study.fractions:
        draw_mixtures(samples, study, fraction, study.seed)
    write_json_atomic(directory / "numbers.json", numbers)


def make_mixture_point(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: ImagesStudyConfig,
    fraction: float,
) -> None:
    """Train at one f1, all repeats, as a stage."""
    samples = _read(inputs, study)
    seed = derive_seed(study.seed, "fraction", round(1e9 * fraction))
    repeats = []
    with progress.task(f"f1 = {fraction:g}", total=study.repeats) as task:
        for number in range(study.repeats):
            own = derive_seed(seed, "repeat", number)
            rows = draw_mixtures(samples, study, fraction, own)
            repeats.append(_train_and_judge(samples, rows, study, own))
            task.advance()
    write_point(directory, repeats, fraction=fraction, variant=ORIGINAL)


def draw_mixtures(
    samples: Mapping[str, ImageSample],
    study: ImagesStudyConfig,
    fraction: float,
    seed: int,
) -> MixtureRows:
    """Draw events of the signal region for two mixtures, and for tests.

    Parameters
    ----------
    samples : mapping of process to ImageSample
    study : ImagesStudyConfig
    fraction : float
        f1.
    seed : int

    Returns
    -------
    MixtureRows
        Rows of the samples.

    Raises
    ------
    UserError
        A sample has too few events in the signal region.
    """
    inside = {
        name: np.flatnonzero(study.windows.inside(samples[name].columns))
        for name in (SIGNAL, BACKGROUND)
    }
    found = mixture_rows(
        {name: len(rows) for name, rows in inside.items()},
        fraction,
        events=study.mixture_events,
        test_events=study.test_events,
        random=np.random.default_rng(derive_seed(seed, "mixtures")),
    )

    def of_samples(
        both: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]],
    ) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        return {n: (inside[n][a], inside[n][b]) for n, (a, b) in both.items()}

    return MixtureRows(
        of_samples(found.training),
        {name: inside[name][rows] for name, rows in found.pure.items()},
        of_samples(found.mixtures),
    )


def _read(
    inputs: Mapping[str, Path], study: ImagesStudyConfig
) -> dict[str, ImageSample]:
    return {
        name: read_images(inputs[name], inputs[f"images-{name}"], study.images.bins)
        for name in (SIGNAL, BACKGROUND)
    }


def _train_and_judge(
    samples: Mapping[str, ImageSample],
    rows: MixtureRows,
    study: ImagesStudyConfig,
    seed: int,
) -> dict[str, float]:
    training = ImageTraining.of(samples, {}, rows.training, seed)
    fitted = training.fit(study.network, study.training, seed)
    groups = [
        (name, rows.mixtures[name][place], is_first)
        for name in (SIGNAL, BACKGROUND)
        for place, is_first in enumerate((True, False))
    ]
    images, is_first, weights = joined_images(samples, groups)
    return {
        **judged_by_truth(fitted, samples, rows.pure),
        **judged_on_mixtures(scored_images(fitted, images), is_first, weights),
        "best_epoch": float(fitted.best_epoch),
    }
