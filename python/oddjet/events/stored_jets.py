"""Jets of a file with the particles that they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.runs.errors import UserError

if TYPE_CHECKING:
    from oddjet.events.model import Events

__all__ = ["stored_jets"]


def stored_jets(events: Events, collection: str = "fat_jets") -> ak.Array:
    """Give the jets of a file their constituents, hardest first.

    The jets stay as they are stored, so calibrated ones can be selected on while
    substructure, features and scores come from their constituents.

    Parameters
    ----------
    events : Events
        With `particles`, and `constituent_index` of the jets.
    collection : str
        "fat_jets" or "jets".

    Returns
    -------
    awkward array, one list of jets per event
        The records of the collection with `constituents`, records of `particles`
        (momenta as stored: a `puppi_weight` is beside them), and
        `constituent_index` in the same order. A jet whose particles were not stored
        has none.

    Raises
    ------
    UserError
        A collection is absent, or an index points outside the event's particles.

    Examples
    --------
    >>> from oddjet.events import Events
    >>> particle = {"pt": 5.0, "eta": 0.0, "phi": 1.0, "mass": 0.0}
    >>> jet = {"pt": 11.0, "eta": 0.0, "phi": 1.0, "mass": 0.0}
    >>> event = {
    ...     "particles": [particle, particle | {"pt": 6.0}],
    ...     "fat_jets": [jet | {"constituent_index": [0, 1]}],
    ... }
    >>> jets = stored_jets(Events(ak.Array([event]), role="mc"))
    >>> jets.constituents.pt.tolist(), jets.constituent_index.tolist()
    ([[[6.0, 5.0]]], [[[1, 0]]])
    """
    why = f"constituents of the stored {collection}"
    events.require(f"{collection}.constituent_index", "particles", why=why)
    jets, particles = events.array[collection], events.array["particles"]
    index = jets.constituent_index
    _check_within(index, ak.num(particles), collection)
    per_event = ak.flatten(index, axis=2)
    members = _as_jets(particles[per_event], index)
    order = ak.argsort(members.pt, axis=2, ascending=False, stable=True)
    jets = ak.with_field(jets, members[order], "constituents")
    return ak.with_field(jets, index[order], "constituent_index")


def _as_jets(members: ak.Array, index: ak.Array) -> ak.Array:
    """Nest one list of particles per event as `index` is nested."""
    by_jet = ak.unflatten(ak.flatten(members), ak.flatten(ak.num(index, axis=2)))
    return ak.unflatten(by_jet, ak.num(index))


def _check_within(index: ak.Array, num_particles: ak.Array, collection: str) -> None:
    outside = (index < 0) | (index >= num_particles)
    wrong = np.flatnonzero(ak.any(ak.any(outside, axis=2), axis=1))
    if len(wrong):
        event = int(wrong[0])
        message = (
            f"{collection}.constituent_index of event {event} points outside its "
            f"{int(num_particles[event])} particles; read both of one file"
        )
        raise UserError(message)
