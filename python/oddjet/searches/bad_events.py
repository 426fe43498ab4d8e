"""Events that no kernel accepts, left out and counted where the user wants that."""

from __future__ import annotations

import numpy as np

from oddjet.events import Events, find_bad_events
from oddjet.select.cutflow import CutFlow, CutRow


def usable_events(events: Events) -> tuple[Events, CutRow]:
    """Leave out events with momenta or weights that no kernel accepts.

    Parameters
    ----------
    events : Events
        Read with ``check=False``.

    Returns
    -------
    events : Events
        The good ones.
    all_events : CutRow
        What there was; a weight that is no number counts as none.
    """
    weights = np.asarray(events.weight, np.float64)
    weights = weights[np.isfinite(weights)]
    total, squares = float(weights.sum()), float((weights**2).sum())
    row = CutRow("all events", len(events), total, squares)
    return events[find_bad_events(events.array) == ""], row


def after(before: CutRow | None, cutflow: CutFlow) -> CutFlow:
    """Put a row before those of a cut flow, whose first one is what it left.

    Examples
    --------
    >>> flow = CutFlow((CutRow("all events", 3, 3.0, 3.0),))
    >>> after(CutRow("all events", 4, 4.0, 4.0), flow).rows[1].name
    'usable momenta'
    """
    if before is None:
        return cutflow
    first, *others = cutflow.rows
    left = (first.events, first.sum_weights, first.sum_weights_squared)
    return CutFlow((before, CutRow("usable momenta", *left), *others))
