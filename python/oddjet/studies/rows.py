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
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.cross_scores import CrossScores
    from oddjet.runs.progress import Progress
    from oddjet.stats.counting import CountingResult
    from oddjet.studies.config import MixturesConfig, RowConfig
    from oddjet.studies.mixtures import Mixture

__all__ = ["JETS", "ROW", "make_row", "read_row"]

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
        found, folds = _scored(
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


def _scored(
    mixture: Mixture,
    label: NDArray[np.bool_],
    study: MixturesConfig,
    seed: int,
    checkpoints: Path,
    *,
    on_network: Any,
) -> tuple[CrossScores, NDArray[np.int64]]:
    """Train the networks of all folds; give scores and folds of the jets."""
    from oddjet.learn.batches import TrainingSample
    from oddjet.learn.cross_scores import cross_scores

    # A mixture is in random order, so the position of a jet can name it.
    ids = {"file": np.zeros(len(mixture), np.uint64), "entry": np.arange(len(mixture))}
    folds = training_folds(
        ids,
        ~label,
        folds=study.training.folds,
        reserve_fraction=0.0,
        scoring=study.training.scoring,
    )
    found = cross_scores(
        TrainingSample(mixture.values, mixture.mask, label, np.ones(len(mixture))),
        folds,
        network=study.network,
        training=study.training,
        features=study.features.spec().features,
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
