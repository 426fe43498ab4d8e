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
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.cross_scores import CrossScores
    from oddjet.runs.progress import Progress, Task
    from oddjet.searches.tagging_config import TaggingConfig
    from oddjet.stats.counting import CountingResult
    from oddjet.studies.config import MixturesConfig, RowConfig
    from oddjet.studies.mixtures import Mixture

__all__ = [
    "JETS",
    "ROW",
    "make_permutation",
    "make_row",
    "read_row",
    "scored_mixture",
]

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
    seed = _row_seed(study, row, repeat)
    mixture, label = _drawn(inputs, study, row, seed)
    with _training(progress, f"row {row.name}", study) as task:
        found, folds = scored_mixture(
            mixture, label, study, seed, checkpoints, on_network=task.advance
        )
    test = _counting(found, folds, label, study)
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


def make_permutation(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: MixturesConfig,
    row: RowConfig,
    repeat: int,
    permutation: int,
    checkpoints: Path,
) -> None:
    """Search the events of a row with other labels, as a stage.

    Networks are trained anew, so the significance of the row is one draw among those
    of its permutations if its events are exchangeable.
    """
    row_seed = _row_seed(study, row, repeat)
    mixture, label = _drawn(inputs, study, row, row_seed)
    seed = derive_seed(row_seed, "permuted", permutation)
    label = permuted_labels(label, derive_seed(seed, "labels"))
    what = f"permutation {permutation} of row {row.name}"
    with _training(progress, what, study) as task:
        found, folds = scored_mixture(
            mixture, label, study, seed, checkpoints, on_network=task.advance
        )
    test = _counting(found, folds, label, study)
    write_json_atomic(directory / ROW, {"sigma": test.significance})


def read_row(stage: Path) -> dict[str, Any]:
    """Read what `make_row` or `make_permutation` wrote."""
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


def _row_seed(study: MixturesConfig, row: RowConfig, repeat: int) -> int:
    return derive_seed(study.seed, "row", row.name, repeat)


def _training(
    progress: Progress, what: str, study: MixturesConfig
) -> AbstractContextManager[Task]:
    networks = study.training.num_scored_folds * study.training.networks
    return progress.task(f"train {what}", total=networks)


def _counting(
    found: CrossScores,
    folds: NDArray[np.int64],
    label: NDArray[np.bool_],
    study: MixturesConfig,
) -> CountingResult:
    scored = folds >= 0
    return counting_test(
        found.score[label & scored],
        found.score[~label & scored],
        efficiency=study.cr_efficiency,
        sr_folds=folds[label & scored],
        cr_folds=folds[~label & scored],
    )


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


def _drawn(
    inputs: Mapping[str, Path], study: MixturesConfig, row: RowConfig, seed: int
) -> tuple[Mixture, NDArray[np.bool_]]:
    """Draw the mixture of a row, and the labels that it is searched with."""
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

    mixture = draw_mixture(
        tensors("prepare"),
        tensors("prepare-control"),
        composition,
        derive_seed(seed, "draw"),
    )
    label = mixture.in_signal_region
    if row.permute:
        label = permuted_labels(label, derive_seed(seed, "permutation"))
    return mixture, label


def _by_process(process: NDArray[np.str_], chosen: NDArray[np.bool_]) -> dict[str, int]:
    names, counts = np.unique(process[chosen], return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}
