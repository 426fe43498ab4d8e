"""The stages that make LundNet a tagger: jets, networks, model file, scores, areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oddjet.deploy.scorer import Scorer
from oddjet.io import describe, iterate
from oddjet.learn.folds import RESERVE, in_validation, training_folds
from oddjet.report.auc_map import GridArea, area_csv, area_map, area_table
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.errors import UserError
from oddjet.searches.cutflows import read_cutflows, write_cutflows
from oddjet.searches.lund_jets import PER_EVENT, LundJets
from oddjet.select.svj import select_svj
from oddjet.stats.effective_events import effective_events
from oddjet.stats.roc import ScoredJets, area_under_curve

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.learn.lund_sample import LundSample
    from oddjet.learn.models.lund_config import LundTreeConfig
    from oddjet.runs.progress import Progress
    from oddjet.searches.lund_config import LundTaggerConfig
    from oddjet.select.cutflow import CutFlow
    from oddjet.select.svj import SvjCuts

__all__ = [
    "AREAS",
    "CUTFLOW",
    "MODEL",
    "PLANES",
    "SCORES",
    "TABLE",
    "assemble",
    "measure",
    "prepare",
    "train",
]

JETS, NETWORK, HISTORY = "jets.npz", "network.npz", "history.json"
MODEL, SCORES, AREAS, TABLE = "model.onnx", "scores.parquet", "auc.csv", "auc.md"
CUTFLOW = "cutflow.csv"
PLANES = ("SP", "VP")


def prepare(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a stage
    progress: Progress,
    *,
    process: str,
    cuts: SvjCuts,
    tree: LundTreeConfig,
    paths: tuple[str, ...],
) -> None:
    """Select events and build the trees of their jets; truth is not read."""
    sample = describe(paths)
    columns = [name for name in sample.collections if name != "truth"]
    parts, flows = [], []
    with progress.task(f"select {process}", total=sample.num_events) as task:
        for events in iterate(paths, columns=columns):
            try:
                found = select_svj(events, cuts)
                parts.append(LundJets.of(events, found, tree))
            except ValueError as error:
                message = f"{process} ({', '.join(paths)}): {error}"
                raise UserError(message) from error
            flows.append(found.planes)
            task.advance(len(events))
    if not parts:
        message = f"{process} holds no events ({', '.join(paths)})"
        raise UserError(message)
    LundJets.concatenate(parts).write(directory / JETS)
    planes = {
        plane: sum((flow[plane] for flow in flows[1:]), start=flows[0][plane])
        for plane in PLANES
    }
    text = write_cutflows(planes)
    (directory / CUTFLOW).write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class _Jets:
    """The jets of all processes, and which they are."""

    jets: LundJets
    process: NDArray[np.str_]
    is_signal: NDArray[np.bool_]

    @classmethod
    def read(cls, inputs: Mapping[str, Path], tagger: LundTaggerConfig) -> _Jets:
        points = [point.name for point in tagger.signal]
        names = [*points, *tagger.background]
        parts = [LundJets.read(inputs[f"prepare-{name}"] / JETS) for name in names]
        process = np.repeat(names, [len(part) for part in parts])
        jets = LundJets.concatenate(parts)
        return cls(jets, process, np.isin(process, points))

    def folds(self, tagger: LundTaggerConfig) -> NDArray[np.int64]:
        training = tagger.training
        return training_folds(
            self.jets.ids,
            ~self.is_signal,
            folds=training.folds,
            reserve_fraction=training.reserve_fraction,
            scoring=training.scoring,
        )

    def sample(self) -> LundSample:
        """Give every point of the grid the same weight, the background its own."""
        from oddjet.learn.lund_sample import LundSample

        weight = self.jets.weight.copy()
        for point in np.unique(self.process[self.is_signal]):
            own = self.process == point
            total = weight[own].sum()
            if not total > 0:
                message = (
                    f"the weights of the {np.count_nonzero(own)} selected jets of "
                    f"{point} sum to {total:g}; they must to more than zero"
                )
                raise UserError(message)
            weight[own] /= total
        return LundSample(self.jets.trees, self.is_signal, weight)


def train(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    tagger: LundTaggerConfig,
    fold: int,
    member: int,
    checkpoints: Path,
) -> None:
    """Train a network that scores one fold, on the jets that it may see."""
    from oddjet.learn.fold_training import train_fold

    found = _Jets.read(inputs, tagger)
    training = tagger.training
    what = f"train fold {fold}" + (f", network {member}" if member else "")
    with progress.task(what, total=training.epochs) as task:
        trained = train_fold(
            found.sample(),
            found.folds(tagger),
            fold,
            network=tagger.network,
            training=training,
            features=tagger.network.tree.names,
            seed=tagger.seed,
            member=member,
            validates=in_validation(found.jets.ids, training.validation_fraction),
            checkpoints=checkpoints,
            on_epoch=lambda _epoch, _loss: task.advance(),
        )
    np.savez(directory / NETWORK, allow_pickle=False, **trained.weights)
    history = {"loss": list(trained.loss), "accuracy": list(trained.accuracy)}
    write_json_atomic(directory / HISTORY, history)


def assemble(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    tagger: LundTaggerConfig,
    trainings: tuple[tuple[str, ...], ...],
    provenance: Mapping[str, object],
) -> None:
    """Put the networks of all folds into one model file, calibrated on background."""
    from oddjet.learn.export import export_lund_folds

    found = _Jets.read(inputs, tagger)
    cuts = tagger.selection
    with progress.task("calibrate and export the model", total=1) as task:
        export_lund_folds(
            directory / MODEL,
            [
                [dict(np.load(inputs[name] / NETWORK)) for name in members]
                for members in trainings
            ],
            network=tagger.network,
            spec=tagger.network.tree.spec(
                radius=cuts.fat_jet_radius,
                pt_min_gev=cuts.fat_jet_pt_min_gev,
                abs_eta_max=cuts.fat_jet_abs_eta_max,
                num_jets=PER_EVENT,
            ),
            background=found.sample(),
            fold=found.folds(tagger),
            provenance=provenance,
            threads=tagger.training.threads,
        )
        task.advance()


def measure(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    tagger: LundTaggerConfig,
) -> None:
    """Score each jet by the fold that never saw it, and measure every signal."""
    found = _Jets.read(inputs, tagger)
    folds = found.folds(tagger)
    with progress.task("score", total=len(found.jets)) as task:
        scorer = Scorer(inputs["model"] / MODEL, "cpu", tagger.training.threads)
        deployed, by_fold = scorer.score_trees(found.jets.trees)
        task.advance(len(found.jets))
    own = by_fold[np.arange(len(folds)), np.maximum(folds, 0)].astype(np.float64)
    own[folds == RESERVE] = deployed[folds == RESERVE]
    own[folds < RESERVE] = np.nan
    _write_scores(directory / SCORES, found, own, folds)
    areas = [
        _area(tagger, found, own, point=number, plane=plane)
        for plane in PLANES
        for number in range(len(tagger.signal))
    ]
    (directory / AREAS).write_text(area_csv(areas), encoding="utf-8")
    (directory / TABLE).write_text(area_table(areas), encoding="utf-8")
    for plane in PLANES:
        figure = directory / f"auc_{plane.lower()}.svg"
        figure.write_text(str(area_map(areas, plane)), encoding="utf-8")
    names = [*(point.name for point in tagger.signal), *tagger.background]
    flows = {
        f"{name} {plane}": flow
        for name in names
        for plane, flow in _flows(inputs[f"prepare-{name}"]).items()
    }
    (directory / CUTFLOW).write_text(write_cutflows(flows), encoding="utf-8")


def _flows(prepared: Path) -> dict[str, CutFlow]:
    return read_cutflows((prepared / CUTFLOW).read_text("utf-8"))


def _area(
    tagger: LundTaggerConfig,
    found: _Jets,
    score: NDArray[np.float64],
    *,
    point: int,
    plane: str,
) -> GridArea:
    signal = tagger.signal[point]
    inside = found.jets.in_signal_plane == (plane == "SP")
    usable = inside & np.isfinite(score)

    def scored(mask: NDArray[np.bool_]) -> ScoredJets:
        ids = {name: column[mask] for name, column in found.jets.ids.items()}
        return ScoredJets(score[mask], found.jets.weight[mask], ids)

    own = usable & (found.process == signal.name)
    background = scored(usable & ~found.is_signal)
    about = (signal.z_prime_mass_gev, signal.r_inv, plane)
    worth = effective_events(background.weight, background.ids)
    numbers = int(np.count_nonzero(own)), worth
    try:
        area = area_under_curve(scored(own), background)
    except UserError as error:
        return GridArea(*about, np.nan, np.nan, *numbers, reason=str(error))
    return GridArea(*about, area.value, area.error, *numbers)


def _write_scores(
    path: Path, found: _Jets, score: NDArray[np.float64], folds: NDArray[np.int64]
) -> None:
    """Write one row an event, with the scores of J0 and J1."""
    first, second = slice(0, None, PER_EVENT), slice(1, None, PER_EVENT)
    columns = {
        "process": found.process[first],
        **{f"id_{name}": column[first] for name, column in found.jets.ids.items()},
        "weight": found.jets.weight[first],
        "in_signal_plane": found.jets.in_signal_plane[first],
        "fold": folds[first],
        "score_leading": score[first].astype(np.float32),
        "score_subleading": score[second].astype(np.float32),
    }
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    pq.write_table(table, path, compression="zstd")
