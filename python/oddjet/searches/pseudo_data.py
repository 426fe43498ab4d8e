"""Pseudo-data: events without weights, as many as a luminosity would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.runs.seeds import derive_seed
from oddjet.searches.event_table import (
    EventTable,
    read_event_table,
    write_event_table,
)
from oddjet.searches.table_source import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from oddjet.runs.progress import Progress

__all__ = ["draw_pseudo_data", "drawn_at", "require_unweighted"]


def draw_pseudo_data(
    directory: Path,
    inputs: Mapping[str, Path],
    progress: Progress,  # noqa: ARG001 - the signature of a stage
    *,
    sample: str,
    luminosity_pb: float,
    seed: int,
) -> None:
    """Draw the events of a table that a luminosity would give, as a stage."""
    table = read_event_table(inputs[sample] / TABLE)
    write_event_table(
        directory / TABLE, drawn_at(table, luminosity_pb=luminosity_pb, seed=seed)
    )


def drawn_at(table: EventTable, *, luminosity_pb: float, seed: int) -> EventTable:
    """Keep each event with the probability weight x luminosity.

    Counts of what is left are binomial, which is Poisson as long as the probabilities
    are small, and its weights are one: only such events may be counted.

    Parameters
    ----------
    table : EventTable
        With weights in picobarn.
    luminosity_pb : float
        In inverse picobarn.
    seed : int

    Returns
    -------
    EventTable

    Raises
    ------
    UserError
        A negative weight, or one that asks for the same event more than once: the
        sample is smaller than the luminosity.

    Examples
    --------
    >>> table = EventTable({}, np.full(1000, 0.001), np.arange(1000, dtype=np.uint64))
    >>> drawn = drawn_at(table, luminosity_pb=500.0, seed=1)
    >>> 450 < len(drawn) < 550, set(drawn.weights.tolist())
    (True, {1.0})
    """
    expected = table.weights * luminosity_pb
    if np.any(expected < 0):
        message = (
            f"{np.count_nonzero(expected < 0)} weights are negative, with which no"
            " event can be drawn; draw pseudo-data from a sample without such"
        )
        raise UserError(message)
    if np.any(expected > 1):
        most = luminosity_pb / float(np.max(expected))
        message = (
            f"a luminosity of {luminosity_pb:g} /pb asks for some events"
            f" {np.max(expected):.3g} times: this sample is worth up to {most:.3g} /pb;"
            " generate more events, or lower luminosity_pb"
        )
        raise UserError(message)
    random = np.random.default_rng(derive_seed(seed, "pseudo-data"))
    chosen = table[random.random(len(table)) < expected]
    return EventTable(chosen.columns, np.ones(len(chosen)), chosen.source)


def require_unweighted(table: EventTable, *, where: str) -> None:
    """Refuse weights of events that are to be counted.

    Parameters
    ----------
    table : EventTable
    where : str
        What the table holds, for the message.

    Raises
    ------
    UserError
        A weight is not one.
    """
    if len(table) and not np.all(table.weights == 1):
        message = (
            f"{where} have weights from {np.min(table.weights):.3g} to"
            f" {np.max(table.weights):.3g}, but a search counts events; give"
            " data.luminosity_pb, and events are drawn at it"
        )
        raise UserError(message)
