"""The tasks of a search for semi-visible jets: from tables to scores.

Each is a pure function of its inputs and arguments that writes into the directory it
is given (see `oddjet.campaigns.task`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from oddjet.deploy.scorer import Scorer
from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.digests import digest, digest_file
from oddjet.runs.errors import UserError
from oddjet.runs.provenance import provenance
from oddjet.searches.event_table import EventTable, read_event_table
from oddjet.searches.svj_events import PARTS, SvjEvents, part_of
from oddjet.searches.table_source import event_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from oddjet.learn.abcd_config import AbcdTrainingConfig
    from oddjet.learn.abcd_sample import AbcdSample
    from oddjet.learn.abcd_training import AbcdTrainer
    from oddjet.learn.checkpoint import Checkpoint
    from oddjet.runs.progress import Progress
    from oddjet.searches.svj_config import SplitConfig

__all__ = [
    "EVENTS",
    "HISTORY",
    "JET_SCORES",
    "NETWORKS",
    "SCORES",
    "features_of",
    "gather",
    "mass_bin",
    "scored",
    "train",
]

EVENTS, SCORES, NETWORKS = "events.npz", "scores.npz", "networks.onnx"
HISTORY = "history.json"
#: Scores of J0 and J1 that LundNet adds to the features.
JET_SCORES = ("score_leading", "score_subleading")
#: From what the scores are decorrelated, besides each other.
_INDEPENDENT_OF = ("transverse_mass", "delta_eta")
#: Odd, with as many ones as zeros: multiples of it share few bits.
_SPREAD = 0x9E3779B97F4A7C15


def gather(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a task
    progress: Progress,  # noqa: ARG001
    *,
    backgrounds: Sequence[str],
    signals: Sequence[str],
    factors: Mapping[str, float],
    features: Sequence[str],
    delta_eta_max: float,
    split: SplitConfig,
    tables: Mapping[str, str],
    jet_scores: str | None,
) -> None:
    """Put the tables of all simulated processes together, weighted and split.

    `factors` turn the weights of each table into expected events; `jet_scores` is the
    file of LundNet's scores out of fold, in the order of the tables.
    """
    names = (*backgrounds, *signals)
    found = {name: read_event_table(Path(tables[name])) for name in names}
    if jet_scores is not None:
        scores = pq.read_table(jet_scores).to_pydict()
        found = {
            name: _with_jet_scores(name, table, scores) for name, table in found.items()
        }
    count = [len(table) for table in found.values()]
    columns = {
        name: np.concatenate([each.columns[name] for each in found.values()])
        for name in dict.fromkeys(("transverse_mass", "delta_eta", *features))
    }
    source = np.concatenate(
        [_of_process(i, each.source) for i, each in enumerate(found.values())]
    )
    SvjEvents(
        names,
        len(backgrounds),
        np.repeat(np.arange(len(names), dtype=np.int16), count),
        np.concatenate([factors[n] * table.weights for n, table in found.items()]),
        features_of(columns, features),
        columns["transverse_mass"],
        columns["delta_eta"],
        columns["delta_eta"] < delta_eta_max,
        part_of(source, train=split.train, scan=split.scan),
        source,
    ).write(directory / EVENTS)


def _of_process(number: int, source: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Tell equal numbers of events apart that are of different samples.

    Rows of tables are counted from 0 in each, and generators number their events alike.
    """
    return source ^ np.uint64(number * _SPREAD % 2**64)


def features_of(
    columns: Mapping[str, NDArray[np.float64]], names: Sequence[str]
) -> NDArray[np.float32]:
    """Give what the networks see, shape (events, features)."""
    return np.stack([columns[name] for name in names], axis=1).astype(np.float32)


def _with_jet_scores(
    name: str, table: EventTable, scores: Mapping[str, Sequence[Any]]
) -> EventTable:
    own = np.array([process == name for process in scores["process"]], bool)
    ids = {
        column.removeprefix("id_"): np.array(values)[own]
        for column, values in scores.items()
        if column.startswith("id_")
    }
    if len(table) and not np.array_equal(event_source(ids), table.source):
        message = f"the LundNet scores of {name} are of other events than its table"
        raise ValueError(message)
    added = {each: np.array(scores[each], np.float64)[own] for each in JET_SCORES}
    for each, values in added.items():
        bad = int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            message = (
                f"{bad} events of {name} have no {each}: a jet without usable"
                " constituents, or networks of LundNet that did not converge"
            )
            raise UserError(message)
    return replace(table, columns={**table.columns, **added})


def mass_bin(
    mass: NDArray[np.float64], edges_gev: Sequence[float]
) -> NDArray[np.int64]:
    """Give each event its bin: -1 below the first, one past the last above it."""
    return np.digitize(mass, edges_gev) - 1


def train(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,
    *,
    training: AbcdTrainingConfig,
    features: Sequence[str],
    by_rule: bool,
    non_closure_max: float,
    mass_edges_gev: Sequence[float],
    seed: int,
    checkpoints: Path,
) -> None:
    """Train X and Y on their part of the events, and score all of them.

    `checkpoints` is where the state of an unfinished training is kept.
    """
    from oddjet.learn.abcd_rules import terms_by_rule
    from oddjet.learn.abcd_training import AbcdTrainer

    events = SvjEvents.read(inputs["events"] / EVENTS)
    sample = _training_sample(events, mass_edges_gev)
    if by_rule:
        training = terms_by_rule(
            sample,
            training,
            non_closure=non_closure_max,
            independent_of=_INDEPENDENT_OF,
        )
    trainer = AbcdTrainer(sample, training, seed=seed)
    checkpoint = _checkpoint(
        checkpoints,
        events=digest_file(inputs["events"] / EVENTS),
        training=training,
        mass_edges_gev=mass_edges_gev,
        seed=seed,
    )
    with progress.task("train X and Y", total=training.epochs) as task:
        trainer.run(checkpoint=checkpoint, on_epoch=lambda _: task.advance())
    outcome = trainer.outcome()
    if outcome.reason is not None:
        raise UserError(outcome.reason)
    _write_scores(directory, trainer, events, features, seed)
    about = _history(trainer) | {
        "unmet": {name: list(pair) for name, pair in outcome.unmet.items()},
        "effective_background": sample.effective_background(None),
    }
    write_json_atomic(directory / HISTORY, about)


def _write_scores(
    directory: Path,
    trainer: AbcdTrainer,
    events: SvjEvents,
    features: Sequence[str],
    seed: int,
) -> None:
    """Write the model file of X and Y, and what it says of all events."""
    from oddjet.learn.abcd_export import export_scores

    model, facts = directory / NETWORKS, _provenance(trainer, seed)
    export_scores(model, trainer.networks, columns=features, provenance=facts)
    # By the file and not by PyTorch, so that data are scored alike to the last bit.
    columns = dict(zip(features, events.features.T, strict=True))
    found = Scorer(model, "cpu", trainer.config.threads).score(columns)
    np.savez(directory / SCORES, x=found.x.to_numpy(), y=found.y.to_numpy())


def _checkpoint(directory: Path, **decides: object) -> Checkpoint:
    """Give the training that is decided by all this its place to be kept."""
    from oddjet.learn.checkpoint import Checkpoint

    key = digest({**decides, "made_with": provenance()})
    directory.mkdir(parents=True, exist_ok=True)
    return Checkpoint(directory / f"{key[:16]}.pt", key)


def _provenance(trainer: AbcdTrainer, seed: int) -> dict[str, object]:
    """Give the facts on a training that its model file carries."""
    options = trainer.config.model_dump(
        mode="json", exclude_none=True, exclude={"decorrelate", "closure", "threads"}
    )
    return {**provenance(), "training": options, "terms": trainer.asked, "seed": seed}


def _history(trainer: AbcdTrainer) -> dict[str, object]:
    """Give what the page shows of a training."""
    constraints = trainer.multipliers.constraints if trainer.multipliers else []
    return {
        "epochs": [vars(each) for each in trainer.history],
        "targets": {each.name: each.target for each in constraints},
    }


def _training_sample(events: SvjEvents, edges_gev: Sequence[float]) -> AbcdSample:
    """Give every point of the signal the mean yield of all, shared out."""
    from oddjet.learn.abcd_sample import AbcdSample

    weight = events.whole_weight("train")
    rows = events.part == PARTS.index("train")
    totals = {name: float(weight[events.of(name)].sum()) for name in events.signals}
    present = {name: total for name, total in totals.items() if total > 0}
    for name, total in present.items():
        mean = float(np.mean(list(present.values())))
        weight[events.of(name)] *= mean / len(present) / total
    inside = events.in_signal_plane[rows]
    planes = {"SP": inside, "VP": ~inside}
    return AbcdSample(
        features=events.features[rows],
        is_signal=events.is_signal[rows],
        weight=weight[rows],
        variables={
            "transverse_mass": events.mass[rows],
            "delta_eta": events.delta_eta[rows],
        },
        planes={name: each for name, each in planes.items() if each.any()},
        bin_of=mass_bin(events.mass[rows], edges_gev),
        num_bins=len(edges_gev) - 1,
        source=events.source[rows],
    )


def scored(inputs: Mapping[str, Path]) -> tuple[SvjEvents, NDArray[np.float64]]:
    """Read the events and their scores, shape (2, events)."""
    events = SvjEvents.read(inputs["events"] / EVENTS)
    with np.load(inputs["train"] / SCORES) as stored:
        return events, np.stack([stored["x"], stored["y"]]).astype(np.float64)
