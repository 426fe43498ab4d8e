"""One row of a table: draw, train, count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from oddjet.learn.folds import in_validation, training_folds
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.seeds import derive_seed
from oddjet.searches.stages import TENSORS
from oddjet.searches.tensors import read_tensors
from oddjet.stats.counting import counting_test
from oddjet.stats.permutations import permuted_labels
from oddjet.studies.mixtures import draw_mixture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.runs.progress import Progress
    from oddjet.stats.counting import CountingResult
    from oddjet.studies.config import RowConfig, StudyConfig
    from oddjet.studies.mixtures import Mixture

__all__ = ["ROW", "make_row", "read_row"]

ROW = "row.json"


def make_row(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    study: StudyConfig,
    row: RowConfig,
    repeat: int,
    checkpoints: Path,
) -> None:
    """Search one mixture and note what was counted of each process, as a stage."""
    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.cross_scores import cross_scores

    seed = derive_seed(study.seed, "row", row.name, repeat)
    mixture = _mixture(inputs, study, row, seed)
    label = mixture.in_signal_region
    if row.permute:
        label = permuted_labels(label, derive_seed(seed, "permutation"))
    training = study.training
    ids = {"file": np.zeros(len(mixture), np.uint64), "entry": np.arange(len(mixture))}
    folds = training_folds(
        ids,
        ~label,
        folds=training.folds,
        reserve_fraction=0.0,
        scoring=training.scoring,
    )
    sample = TrainingSample(mixture.values, mixture.mask, label, np.ones(len(mixture)))
    networks = training.num_scored_folds * training.networks
    with progress.task(f"train row {row.name}", total=networks) as task:
        found = cross_scores(
            sample,
            folds,
            network=study.network,
            training=training,
            features=study.features.spec().features,
            seed=seed,
            validates=in_validation(ids, training.validation_fraction),
            checkpoints=checkpoints,
            on_network=task.advance,
        )
    scored = folds >= 0
    test = counting_test(
        found.score[label & scored],
        found.score[~label & scored],
        efficiency=study.cr_efficiency,
        sr_folds=folds[label & scored],
        cr_folds=folds[~label & scored],
    )
    above = _above(test, found.score, folds)
    write_json_atomic(
        directory / ROW,
        {
            "name": row.name,
            "repeat": repeat,
            "status": test.status,
            "reason": test.reason,
            "n_sr_total": int(label.sum()),
            "n_cr_total": int((~label).sum()),
            "n_sr": test.n_sr,
            "n_expected": test.n_expected,
            "log10_p_value": test.log10_p,
            "sigma": test.significance,
            "paper_sigma": test.paper_significance,
            "selected_sr": _by_process(mixture.process, label & above),
            "selected_cr": _by_process(mixture.process, ~label & above),
            "composition_sr": _by_process(mixture.process, label),
            "composition_cr": _by_process(mixture.process, ~label),
            "losses": [list(loss) for loss in found.losses],
        },
    )


def read_row(stage: Path) -> dict[str, Any]:
    """Read what `make_row` wrote."""
    row: dict[str, Any] = json.loads((stage / ROW).read_text("utf-8"))
    return row


def _mixture(
    inputs: Mapping[str, Path], study: StudyConfig, row: RowConfig, seed: int
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


def _above(
    test: CountingResult, score: NDArray[np.float64], folds: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark what passes the threshold of its fold; of the control region, k events."""
    above = np.zeros(len(score), np.bool_)
    for fold in test.folds:
        above |= (folds == fold.fold) & (score >= fold.threshold)
    return above


def _by_process(process: NDArray[np.str_], chosen: NDArray[np.bool_]) -> dict[str, int]:
    names, counts = np.unique(process[chosen], return_counts=True)
    return {str(n): int(c) for n, c in zip(names, counts, strict=True)}
