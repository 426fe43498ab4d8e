"""The learning tasks of a dijet search: template, networks, scores.

Each is a pure function of its inputs and arguments that writes into the directory it
is given (see `oddjet.campaigns.task`).
"""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from oddjet.events.source_hash import mixed
from oddjet.learn.member_batches import Member
from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.searches.dijet_scores import WindowScores
from oddjet.searches.event_table import read_event_table, write_event_table
from oddjet.searches.table_source import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from oddjet.background.latent import LatentSpaces
    from oddjet.background.template import FeatureTable
    from oddjet.learn.classifier_config import ClassifierConfig, TreesConfig
    from oddjet.runs.progress import Progress
    from oddjet.searches.event_table import EventTable
    from oddjet.stats.bump_hunt import Window

__all__ = [
    "TEMPLATE",
    "copied",
    "feature_table",
    "make_template",
    "score",
    "train",
]

TEMPLATE, NETWORKS = "template.npz", "networks.npz"
#: Of templates to which the data must be carried.
SPACES = "spaces.npz"
#: Of the events of a window: rounded features may coincide, copies are more.
REPEATED_MAX = 1e-3


def copied(
    directory: Path,
    inputs: Mapping[str, Path],  # noqa: ARG001 - the signature of a task
    progress: Progress,  # noqa: ARG001
    *,
    table: str,
    sample: str,
) -> None:
    """Take a table into the campaign, whose results must not move with a run.

    Samples that meet in one table must not share sources: those of a named `sample`
    are hashed once more with its name.
    """
    if not sample:
        shutil.copyfile(table, directory / TABLE)
        return
    found = read_event_table(Path(table))
    salt = np.uint64(derive_seed(0, "sample", sample))
    write_event_table(
        directory / TABLE, dataclasses.replace(found, source=mixed(found.source ^ salt))
    )


def make_template(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    method: str,
    preset: Literal["cpu", "published"],
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
    seed: int,
) -> None:
    """Make the background template of a window.

    Inputs are `data` and, for SALAD, `simulation`.
    """
    from oddjet.background.methods import TemplateTask
    from oddjet.background.methods import make_template as by_name

    tables = {
        name: feature_table(place, window, features, mass, folds)
        for name, place in inputs.items()
    }
    _require_everywhere(tables["data"], window)
    made = by_name(
        method,
        TemplateTask(
            data=tables["data"],
            low_gev=window.low_gev,
            high_gev=window.high_gev,
            sideband_gev=window.sideband_gev,
            seed=seed,
            preset=preset,
            simulation=tables.get("simulation"),
        ),
    )
    seen = np.stack([made.seen_by(fold) for fold in range(folds)])
    beside = {} if made.beside is None else vars(made.beside)
    np.savez(
        directory / TEMPLATE,
        features=made.table.features,
        folds=made.table.folds,
        weights=made.table.weights,
        seen=seen,
        **{f"beside-{name}": column for name, column in beside.items()},
    )
    if made.spaces is not None:
        made.spaces.save(directory / SPACES)


def train(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
    seeds: int,
    classifier: ClassifierConfig | TreesConfig,
    seed: int,
) -> None:
    """Train classifiers that tell the data of a signal region from the template.

    Of fold f, events of the fold f + 1 validate and the rest train; of the template
    only what was made without fold f, so that no network has seen an event that it
    scores in any form. All folds and seeds of networks train as one batched model.
    """
    from oddjet.learn.classifiers import train_classifiers

    data = feature_table(inputs["data"], window, features, mass, folds)
    inside = data[window.holds(data.mass_gev)]
    with np.load(inputs["template"] / TEMPLATE) as stored:
        template = {name: stored[name] for name in stored.files}
    spaces = _spaces_of(inputs["template"])
    # A template in spaces of its own has the data there once for every fold.
    times = 1 if spaces is None else folds
    table = np.concatenate(
        [*(_shown(inside, spaces, fold) for fold in range(times)), template["features"]]
    )
    fold = np.concatenate([np.tile(inside.folds, times), template["folds"]])
    weights = np.concatenate([np.tile(inside.weights, times), template["weights"]])
    label = np.arange(len(table)) < times * len(inside)
    members = []
    for scored in range(folds):
        of_data = np.zeros((times, len(inside)), np.bool_)
        of_data[scored % times] = inside.folds != scored
        seen = np.concatenate([of_data.ravel(), template["seen"][scored]])
        validates = fold == (scored + 1) % folds
        rows = np.flatnonzero(seen & ~validates), np.flatnonzero(seen & validates)
        _require_both(label, weights, *rows, window)
        members += [
            Member(*rows, derive_seed(seed, "network", scored, number))
            for number in range(seeds)
        ]
    trained = train_classifiers(table, label, members, classifier, weights=weights)
    trained.save(directory / NETWORKS)


def _spaces_of(template: Path) -> LatentSpaces | None:
    """Read what carries data to a template; None where they are there already."""
    if not (template / SPACES).exists():
        return None
    from oddjet.background.latent import LatentSpaces

    return LatentSpaces.load(template / SPACES)


def _shown(
    table: FeatureTable, spaces: LatentSpaces | None, fold: int
) -> NDArray[np.float64]:
    """Give what the networks that score a fold see of events."""
    return table.features if spaces is None else spaces.carry(fold, table)


def score(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a task
    *,
    window: Window,
    features: Sequence[str],
    mass: str,
    folds: int,
) -> None:
    """Score the events of a window with the networks that have not seen them.

    Inputs are `events`, of which a fold is scored by the networks that left it out,
    and `networks`; and `template`, if events must be carried to where it is.
    """
    from oddjet.learn.classifiers import load_classifiers

    events = feature_table(inputs["events"], window, features, mass, folds)
    trained = load_classifiers(inputs["networks"] / NETWORKS)
    spaces = _spaces_of(inputs["template"]) if "template" in inputs else None
    seeds = len(trained) // folds
    scores = np.empty((seeds, len(events)), np.float32)
    for scored in range(folds):
        own = events.folds == scored
        members = trained[scored * seeds : (scored + 1) * seeds]
        scores[:, own] = members.logits(_shown(events[own], spaces, scored))
    found = WindowScores(scores, events.folds, events.mass_gev, events.weights)
    found.write(directory)


def feature_table(
    place: Path, window: Window, features: Sequence[str], mass: str, folds: int
) -> FeatureTable:
    """Read the events of a window with its sidebands.

    Parameters
    ----------
    place : Path
        The directory of a task that wrote a table.
    window : Window
    features : sequence of str
    mass : str
    folds : int

    Returns
    -------
    FeatureTable

    Raises
    ------
    UserError
        A value that is not finite, or events that are there twice.
    """
    from oddjet.background.template import FeatureTable
    from oddjet.learn.folds import fold_of

    table = read_event_table(place / TABLE)
    used = table[window.covers(table.columns[mass])]
    _require_distinct(used, [mass, *features], window)
    # The source is a hash already; a second one gives the folds of this search.
    ids = {"file": used.source, "entry": np.zeros(len(used), np.int64)}
    return FeatureTable(
        features=np.stack([used.columns[name] for name in features], axis=1),
        mass_gev=used.columns[mass],
        folds=fold_of(ids, folds),
        weights=used.weights,
    )


def _require_distinct(used: EventTable, names: Sequence[str], window: Window) -> None:
    """Refuse values that are no numbers, and events that are there twice."""
    where = f"the window {window.low_gev:g}-{window.high_gev:g} GeV"
    for name in names:
        bad = np.count_nonzero(~np.isfinite(used.columns[name]))
        if bad:
            message = f"{name} of {bad} events of {where} is not finite"
            raise UserError(message)
    rows = np.stack([used.columns[name] for name in names], axis=1)
    repeated = len(rows) - len(np.unique(rows, axis=0))
    if repeated > REPEATED_MAX * len(rows):
        message = (
            f"{repeated} events of {where} repeat the mass and all features of others;"
            " copies in different folds would train and test the same network"
        )
        raise UserError(message)


def _require_everywhere(data: FeatureTable, window: Window) -> None:
    """Refuse a window of which a part is where no data are."""
    mass = data.mass_gev
    for part, inside in (
        ("lower sideband", mass < window.low_gev),
        ("signal region", window.holds(mass)),
        ("upper sideband", mass >= window.high_gev),
    ):
        if not inside.any():
            message = (
                f"the window {window.low_gev:g}-{window.high_gev:g} GeV is outside the"
                f" data: its {part} holds no event"
            )
            raise UserError(message)


def _require_both(
    label: NDArray[np.bool_],
    weights: NDArray[np.float64],
    training: NDArray[np.int64],
    validation: NDArray[np.int64],
    window: Window,
) -> None:
    for rows in (training, validation):
        for name, value in (("data", True), ("template", False)):
            total = float(np.sum(weights[rows][label[rows] == value]))
            if not total > 0:
                message = (
                    f"a fold of the window {window.low_gev:g}-{window.high_gev:g} GeV"
                    f" has too little {name} to learn from: its weights sum to"
                    f" {total:g}"
                )
                raise UserError(message)
