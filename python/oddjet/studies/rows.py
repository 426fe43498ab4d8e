"""One row of a table: draw, train, count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.folds import training_folds
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.seeds import derive_seed
from oddjet.searches.observables import jet_observables
from oddjet.searches.tensors import TENSORS, read_tensors
from oddjet.stats.counting import counting_test
from oddjet.stats.fold_counts import above_thresholds
from oddjet.stats.permutations import permuted_labels
from oddjet.studies.jets import write_jets
from oddjet.studies.mixtures import draw_mixture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.cross_scores import CrossScores
    from oddjet.runs.progress import Progress
    from oddjet.searches.tagging_config import TaggingConfig
    from oddjet.stats.counting import CountingResult
    from oddjet.studies.config import MixturesConfig, RowConfig
    from oddjet.studies.mixtures import Mixture

__all__ = ["JETS", "ROW", "make_row", "read_row", "scored_mixture"]

ROW = "row.json"
JETS = "jets.parquet"


def make_row(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: MixturesConfig,
    row: RowConfig,
    repeat: int,
    checkpoints: Path,
) -> None:
    """Search one mixture and note what was counted of each process, as a stage."""
    seed = derive_seed(study.seed, "row", row.name, repeat)
    mixture = _mixture(inputs, study, row, seed)
    label = mixture.in_signal_region
    if row.permute:
        label = permuted_labels(label, derive_seed(seed, "permutation"))
    with progress.task(
        f"train row {row.name}",
        total=study.training.num_scored_folds * study.training.networks,
    ) as task:
        found, folds = scored_mixture(
            mixture, label, study, seed, checkpoints, on_network=task.advance
        )
    scored = folds >= 0
    test = counting_test(
        found.score[label & scored],
        found.score[~label & scored],
        efficiency=study.cr_efficiency,
        sr_folds=folds[label & scored],
        cr_folds=folds[~label & scored],
    )
    above = above_thresholds(test.folds, found.score, folds, ~label)
    counted = _counted(test, mixture.process, label, above)
    entries = {"name": row.name, "repeat": repeat, **counted}
    entries["losses"] = [list(loss) for loss in found.losses]
    write_json_atomic(directory / ROW, entries)
    write_jets(
        directory / JETS,
        in_signal_region=label,
        process=mixture.process,
        score=found.probability,
        fold=folds,
        selected=above,
        observables=jet_observables(
            mixture.values,
            mixture.mask,
            study.features.spec().features,
            mixture.kinematics,
        ),
    )


def read_row(stage: Path) -> dict[str, Any]:
    """Read what `make_row` wrote."""
    row: dict[str, Any] = json.loads((stage / ROW).read_text("utf-8"))
    return row


def scored_mixture(
    mixture: Mixture,
    label: NDArray[np.bool_],
    config: TaggingConfig,
    seed: int,
    checkpoints: Path,
    *,
    weight: NDArray[np.float64] | None = None,
    on_network: Callable[[], None] = lambda: None,
) -> tuple[CrossScores, NDArray[np.int64]]:
    """Train networks to tell two regions apart and score every jet by them.

    Parameters
    ----------
    mixture : Mixture
    label : bool, shape (jets,)
        Which jets are of the signal region, or of the first of two samples.
    config : TaggingConfig
    seed : int
    checkpoints : Path
    weight : float64, shape (jets,), optional
        For training; one each by default.
    on_network : callable
        Called after each training.

    Returns
    -------
    CrossScores
    int64, shape (jets,)
        The fold that scored each jet.

    Raises
    ------
    UserError
        As `oddjet.learn.fold_training.train_fold`.
    """
    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.cross_scores import cross_scores

    size, training = len(mixture), config.training
    # A mixture is in random order, so the position of a jet can name it.
    ids = {"file": np.zeros(size, np.uint64), "entry": np.arange(size)}
    folds = training_folds(
        ids,
        ~label,
        folds=training.folds,
        reserve_fraction=0.0,
        scoring=training.scoring,
    )
    weight = np.ones(size) if weight is None else weight
    found = cross_scores(
        TrainingSample(mixture.values, mixture.mask, label, weight),
        folds,
        network=config.network,
        training=training,
        features=config.features.spec().features,
        seed=seed,
        checkpoints=checkpoints,
        on_network=on_network,
    )
    return found, folds


def _counted(
    test: CountingResult,
    process: NDArray[np.str_],
    label: NDArray[np.bool_],
    above: NDArray[np.bool_],
) -> dict[str, Any]:
    return {
        "status": test.status,
        "reason": test.reason,
        "n_sr_total": int(label.sum()),
        "n_cr_total": int((~label).sum()),
        "n_sr": test.n_sr,
        "n_expected": test.n_expected,
        "log10_p_value": test.log10_p,
        "sigma": test.significance,
        "paper_sigma": test.paper_significance,
        # Scores of the folds are probabilities, of which the threshold is one.
        "thresholds": [1 / (1 + float(np.exp(-fold.threshold))) for fold in test.folds],
        "selected_sr": _by_process(process, label & above),
        "selected_cr": _by_process(process, ~label & above),
        "composition_sr": _by_process(process, label),
        "composition_cr": _by_process(process, ~label),
    }


def _mixture(
    inputs: Mapping[str, Path], study: MixturesConfig, row: RowConfig, seed: int
) -> Mixture:
    composition = (
        row.composition("sr", study.rest),
        row.composition("cr", study.rest),
    )
    wanted = {name for part in composition for name, number in part.items() if number}

    def tensors(prefix: str) -> dict[str, Any]:
        return {
            name: read_tensors(inputs[f"{prefix}-{name}"] / TENSORS)
            for name in sorted(wanted)
            if f"{prefix}-{name}" in inputs
        }

    return draw_mixture(
        tensors("prepare"),
        tensors("prepare-control"),
        composition,
        derive_seed(seed, "draw"),
    )


def _by_process(process: NDArray[np.str_], chosen: NDArray[np.bool_]) -> dict[str, int]:
    names, counts = np.unique(process[chosen], return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}
