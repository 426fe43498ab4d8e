"""Tables of selected events of a search for semi-visible jets, and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from oddjet.runs.errors import UserError
from oddjet.searches.event_table import read_event_table
from oddjet.searches.table_source import CUTFLOW, TABLE, TableSelection
from oddjet.select.cutflow import CutFlow
from oddjet.select.svj import SvjCuts, select_svj

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from oddjet.events import Events
    from oddjet.searches.svj_config import SvjConfig

__all__ = ["SVJ_TABLE", "generated_weight", "sample_factors"]

_PER_PICOBARN = 1000.0


@dataclass(frozen=True)
class _Selected:
    """Rows of the table, see `oddjet.searches.table_source.Selected`."""

    mask: NDArray[np.bool_]
    weights: NDArray[np.float64]
    variables: dict[str, NDArray[np.float64]]
    cutflow: CutFlow


def select_rows(events: Events, cuts: SvjCuts) -> _Selected:
    """Select events of both planes; `delta_eta` tells which."""
    found = select_svj(events, cuts)
    weights = np.asarray(events.weight, np.float64)[found.mask]
    return _Selected(found.mask, weights, found.variables, found.cutflow)


#: A signal that never passes is an answer: its efficiency is zero.
SVJ_TABLE = TableSelection(
    "semi-visible jets", select_rows, ("particles", "met"), may_be_empty=True
)


def generated_weight(table: Path) -> float:
    """Give the weight of all events of a sample, selected or not.

    Parameters
    ----------
    table : Path
        Directory of its stage; of given tables all rows are all events.

    Returns
    -------
    float
    """
    cutflow = table / CUTFLOW
    if cutflow.exists():
        return CutFlow.from_csv(cutflow.read_text("utf-8")).rows[0].sum_weights
    return float(read_event_table(table / TABLE).weights.sum())


def sample_factors(config: SvjConfig, tables: Mapping[str, Path]) -> dict[str, float]:
    """Turn the weights of every sample into expected events.

    Parameters
    ----------
    config : SvjConfig
    tables : mapping of name to Path
        Directories of the stages.

    Returns
    -------
    dict of name to float

    Raises
    ------
    UserError
        A point of the signal whose events do not weigh more than zero together.
    """
    luminosity = _PER_PICOBARN * config.luminosity_ifb
    factors = {
        name: luminosity * each.scale for name, each in config.background.items()
    }
    for point in config.signal:
        total = generated_weight(tables[point.name])
        if not total > 0:
            message = (
                f"the weights of all events of {point.name} sum to {total:g}, not above"
                " zero: the cross section cannot be shared out among them"
            )
            raise UserError(message)
        factors[point.name] = luminosity * point.cross_section_pb / total
    return factors
