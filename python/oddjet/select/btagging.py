"""B-tagging by efficiencies: every event counts with the probability of its tags.

Four tagged jets are rare in QCD: of a sample where each jet is tagged or not, hardly
an event would be left. Here a configuration of tags is drawn among those with enough
tags, and the event weighs as much as all of them together are probable. The
expectation of any weighted sum is that of tagging jet by jet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.events.source_hash import mixed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["draw_tags", "tag_efficiency"]

BOTTOM, CHARM = 5, 4


def tag_efficiency(pt: ArrayLike, flavour: ArrayLike) -> NDArray[np.float64]:
    """Give the probability that a jet is b-tagged.

    Parameters
    ----------
    pt : float
        Of the jet [GeV].
    flavour : int, the same shape
        5 for a jet with a b hadron, 4 with a c hadron and no b, else anything.

    Returns
    -------
    float64, the same shape

    References
    ----------
    The CMS card of Delphes (module BTagging), after CMS, arXiv:1211.4462.

    Examples
    --------
    >>> tag_efficiency([100.0, 100.0, 100.0], [5, 4, 0]).round(4)
    array([0.7129, 0.2095, 0.0138])
    """
    pt, flavour = np.asarray(pt, np.float64), np.asarray(flavour)
    bottom = 0.85 * np.tanh(0.0025 * pt) * 25.0 / (1 + 0.063 * pt)
    charm = 0.25 * np.tanh(0.018 * pt) / (1 + 0.0013 * pt)
    light = np.minimum(0.01 + 0.000038 * pt, 1.0)
    efficiency: NDArray[np.float64] = np.where(
        flavour == BOTTOM, bottom, np.where(flavour == CHARM, charm, light)
    )
    return efficiency


def draw_tags(
    probability: ak.Array, at_least: int, event_hash: NDArray[np.uint64]
) -> tuple[ak.Array, NDArray[np.float64]]:
    """Draw which jets are tagged, given that enough of them are.

    Parameters
    ----------
    probability : awkward array, a list of float an event
        That a jet is tagged, in [0, 1]; jets are tagged independently.
    at_least : int
        Tags that an event must have, >= 0.
    event_hash : uint64, shape (events,)
        As `oddjet.events.source_hash.source_hash` gives it: random numbers follow
        from the event and the place of the jet in it.

    Returns
    -------
    tagged : awkward array, a list of bool an event
        All False where there cannot be enough tags.
    weight : float64, shape (events,)
        Probability of at least `at_least` tags.

    Raises
    ------
    ValueError
        at_least < 0, or a probability outside [0, 1]; the event is named.

    Examples
    --------
    >>> jets = ak.Array([[0.5, 0.5, 1.0], [0.5]])
    >>> tagged, weight = draw_tags(jets, 3, np.arange(2, dtype=np.uint64))
    >>> tagged.tolist(), weight
    ([[True, True, True], [False]], array([0.25, 0.  ]))
    """
    if at_least < 0:
        message = f"draw_tags: at_least must be >= 0, got {at_least}"
        raise ValueError(message)
    counts = ak.to_numpy(ak.num(probability, axis=1))
    most = int(counts.max(initial=0))
    padded = ak.fill_none(ak.pad_none(probability, most, clip=True), 0.0)
    p = ak.to_numpy(padded).astype(np.float64).reshape(len(counts), most)
    bad = ~((p >= 0) & (p <= 1)).all(axis=1)
    if bad.any():
        event = int(np.flatnonzero(bad)[0])
        message = (
            f"draw_tags: a probability of event {event} is outside [0, 1], "
            f"{p[event].tolist()}"
        )
        raise ValueError(message)
    enough = _probability_of_more(p, at_least)
    missing = np.full(len(p), at_least)
    tagged = np.zeros(p.shape, np.bool_)
    rows = np.arange(len(p))
    for jet in range(most):
        with_tag = p[:, jet] * enough[jet + 1, rows, np.maximum(missing - 1, 0)]
        total = enough[jet, rows, missing]
        tagged[:, jet] = _uniform(event_hash, jet) * total < with_tag
        missing = np.maximum(missing - tagged[:, jet], 0)
    is_jet = np.arange(most) < counts[:, np.newaxis]
    return ak.unflatten(tagged[is_jet], counts), enough[0, :, at_least].copy()


def _probability_of_more(p: NDArray[np.float64], at_least: int) -> NDArray[np.float64]:
    """Give [jet, event, k]: P(at least k tags among this jet and those behind it)."""
    events, jets = p.shape
    enough = np.zeros((jets + 1, events, at_least + 1))
    enough[:, :, 0] = 1.0
    for jet in reversed(range(jets)):
        chance = p[:, jet, np.newaxis]
        behind = enough[jet + 1]
        enough[jet, :, 1:] = chance * behind[:, :-1] + (1 - chance) * behind[:, 1:]
    return enough


def _uniform(event_hash: NDArray[np.uint64], jet: int) -> NDArray[np.float64]:
    """Give a number in [0, 1) of each event for the jet at a place in it."""
    bits = mixed(event_hash ^ mixed(np.array([jet], np.uint64)))
    return np.asarray((bits >> np.uint64(11)) * 2.0**-53)
