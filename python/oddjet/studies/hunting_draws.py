"""One draw of the events of a hunting study: what trains, and what tests it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.searches.event_table import EventTable
from oddjet.studies.mixture_rows import drawn
from oddjet.studies.training_sets import TrainingSet, set_of_table
from oddjet.studies.two_samples import BACKGROUND, SIGNAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oddjet.studies.hunting_config import HuntingStudyConfig
    from oddjet.studies.variants import Variant

__all__ = ["HuntingDraw", "draw_events"]

#: Of the background of both regions, for the test without signal.
_HELD = 0.1


@dataclass(frozen=True)
class HuntingDraw:
    """Disjoint events of one training.

    Attributes
    ----------
    training : TrainingSet
        Trains and validates; labels are regions.
    pure : TrainingSet
        Of the signal region, to test; labels are truth.
    regions : TrainingSet
        Background of both regions, to test; labels are regions.
    sensitivity : float
        S / sqrt(B) of the signal region, in events that train and validate.
    """

    training: TrainingSet
    pure: TrainingSet
    regions: TrainingSet
    sensitivity: float


def draw_events(
    tables: Mapping[str, EventTable],
    study: HuntingStudyConfig,
    names: list[str],
    *,
    times: float,
    variant: Variant,
    seed: int,
) -> HuntingDraw:
    """Draw what trains with a signal of one size, and what tests it.

    Parameters
    ----------
    tables : mapping of str to EventTable
        `SIGNAL` and `BACKGROUND`.
    study : HuntingStudyConfig
    names : list of str
        Inputs of the network.
    times : float
        Of the signal that the study expects.
    variant : Variant
        With which luminosity and copies.
    seed : int

    Returns
    -------
    HuntingDraw

    Raises
    ------
    UserError
        There are fewer signal events than that.
    """
    random = np.random.default_rng(seed)
    inside = study.windows.inside
    pure, rest = {}, {}
    for name in (SIGNAL, BACKGROUND):
        pure[name], rest[name] = _split_for_tests(tables[name], study, random)
    wanted = round(times * study.signal_events * variant.luminosity)
    signal = _injected(
        rest[SIGNAL], wanted, random, f"{times:g} times ({variant.name})"
    )
    background, held = _shared(rest[BACKGROUND], study, variant, random)
    learnt = EventTable.concatenate([signal, background])
    label = inside(learnt.columns)
    is_signal = np.arange(len(learnt)) < len(signal)
    return HuntingDraw(
        set_of_table(
            learnt,
            label,
            names,
            seed=seed,
            copies=study.copies_of(variant.augmentation),
        ),
        _labelled([pure[SIGNAL], pure[BACKGROUND]], names),
        TrainingSet(held.features(names), inside(held.columns), held.weights),
        float(
            np.sum(learnt.weights[label & is_signal])
            / np.sqrt(np.sum(learnt.weights[label & ~is_signal]))
        ),
    )


def _split_for_tests(
    table: EventTable, study: HuntingStudyConfig, random: np.random.Generator
) -> tuple[EventTable, EventTable]:
    """Take events of the signal region that test; the others of all windows remain."""
    windows = study.windows
    table = table[windows.inside(table.columns) | windows.beside(table.columns)]
    inside = np.flatnonzero(windows.inside(table.columns))
    (test,) = drawn(len(inside), [min(study.test_events, len(inside) // 2)], random)
    taken = np.zeros(len(table), np.bool_)
    taken[inside[test]] = True
    return table[taken], table[~taken]


def _injected(
    signal: EventTable, wanted: int, random: np.random.Generator, size: str
) -> EventTable:
    """Take so many signal events, a larger sample all those of a smaller one."""
    if wanted > len(signal):
        message = (
            f"the study needs {wanted} signal events in the windows at {size}, there"
            f" are {len(signal)} besides those that test; give more files"
        )
        raise UserError(message)
    return signal[random.permutation(len(signal))[:wanted]]


def _shared(
    background: EventTable,
    study: HuntingStudyConfig,
    variant: Variant,
    random: np.random.Generator,
) -> tuple[EventTable, EventTable]:
    """Give the background that trains, and that of the test without signal.

    Of what trains a larger luminosity takes all of a smaller one, and more.
    """
    place = random.random(len(background))
    held = place < _HELD
    share = variant.luminosity / max((1.0, *study.luminosities))
    trains = ~held & (place < _HELD + (1 - _HELD) * share)
    return background[trains], background[held]


def _labelled(pair: list[EventTable], names: list[str]) -> TrainingSet:
    sizes = [len(part) for part in pair]
    return TrainingSet(
        np.concatenate([part.features(names) for part in pair]),
        np.repeat([True, False], sizes),
        np.concatenate([part.weights for part in pair]),
    )
