"""The selection of two Higgs bosons to four b jets: tags, pairing, variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import awkward as ak
import numpy as np
from pydantic import Field

from oddjet.events.coordinates import wrapped_azimuth
from oddjet.events.source_hash import source_hash
from oddjet.runs.config import ConfigModel
from oddjet.select.btagging import draw_tags
from oddjet.select.cutflow import CutFlow, CutSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.events import Events

__all__ = [
    "JET_VARIABLES",
    "MIN_DELTA_R_PAIRING",
    "PAIRINGS",
    "TRUE_PAIRING",
    "VARIABLES",
    "DihiggsCuts",
    "DihiggsSelection",
    "min_delta_r_pairing",
    "select_dihiggs",
]

_TAG_SALT = 0x6F64646A65740006

#: The three ways to make two pairs of four jets.
PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))

_CANDIDATE = ("pt", "eta", "phi", "mass")

#: Sixteen inputs of a classifier: both Higgs candidates, the harder first, the angle
#: between the jets of each, the tags of the four jets, and the system of all four.
VARIABLES = (
    *(f"{name}_h1" for name in _CANDIDATE),
    *(f"{name}_h2" for name in _CANDIDATE),
    *("delta_r_h1", "delta_r_h2"),
    *(f"tag_{place}" for place in range(1, 5)),
    *("pt_hh", "mass_hh"),
)

#: The four jets, hardest first, for networks that pair them; their tags are above.
JET_VARIABLES = tuple(
    f"{name}_j{place}" for place in range(1, 5) for name in _CANDIDATE
)

#: Which pairing was made, and which is true: 0 is 01|23, 1 is 02|13, 2 is 03|12 of the
#: four jets; -1 where the truth is not known. Truth is never an input.
MIN_DELTA_R_PAIRING, TRUE_PAIRING = "min_delta_r_pairing", "true_pairing"
#: A jet is that of a quark within this distance.
_MATCHED = 0.4


class DihiggsCuts(ConfigModel):
    """The four-tag selection of F.-Y. Hsieh, note "CWoLa" (unpublished), section 2."""

    jet_pt_min_gev: float = Field(
        40.0, ge=0, description="pT of the jets is above this [GeV]"
    )
    jet_abs_eta_max: float = Field(
        2.5, gt=0, description="|eta| of the jets is below this"
    )
    tags_min: int = Field(4, ge=0, le=4, description="at least this many b-tagged jets")
    tagging: Literal["efficiency", "btag"] = Field(
        "efficiency",
        description="efficiency: every event counts with the probability of its tags,"
        " from jets.tag_efficiency; btag: jets.btag of the file decides",
    )
    btag_min: float = Field(
        0.5, description="for tagging: btag; a jet is tagged from this value on"
    )


@dataclass(frozen=True)
class DihiggsSelection:
    """The outcome of the selection.

    Attributes
    ----------
    mask : bool, shape (events,)
        Selected events.
    weights : float64, shape (selected events,)
        Of the event, times the probability of its tags.
    variables : dict of name to float64, shape (selected events,)
        `VARIABLES` and `JET_VARIABLES` [GeV, radians], `MIN_DELTA_R_PAIRING` and
        `TRUE_PAIRING`.
    jets : awkward array, four jets an event
        The hardest tagged ones; where fewer than four need to be tagged, filled up
        with the hardest others. Hardest first, with `tagged`.
    cutflow : CutFlow
        The same cuts in the same order for any events.
    """

    mask: NDArray[np.bool_]
    weights: NDArray[np.float64]
    variables: dict[str, NDArray[np.float64]]
    jets: ak.Array
    cutflow: CutFlow


def select_dihiggs(events: Events, cuts: DihiggsCuts | None = None) -> DihiggsSelection:
    """Select events with four b jets and pair them to two Higgs candidates.

    Parameters
    ----------
    events : Events
        With `jets` (pt, eta, phi, mass, and tag_efficiency or btag).
    cuts : DihiggsCuts, optional

    Returns
    -------
    DihiggsSelection

    Raises
    ------
    UserError
        A collection is absent; the message says which source could give it.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 2.1.
    """
    cuts = cuts or DihiggsCuts()
    by_efficiency = cuts.tagging == "efficiency"
    field = "tag_efficiency" if by_efficiency else "btag"
    events.require(
        *(f"jets.{name}" for name in ("pt", "eta", "phi", "mass", field)),
        why="the di-Higgs selection",
    )
    jets = events.jets
    good = (jets.pt > cuts.jet_pt_min_gev) & (np.abs(jets.eta) < cuts.jet_abs_eta_max)
    jets = jets[good]
    jets = jets[ak.argsort(jets.pt, axis=1, ascending=False, stable=True)]
    if by_efficiency:
        tagged, chance = draw_tags(
            jets.tag_efficiency, cuts.tags_min, source_hash(events.id, _TAG_SALT)
        )
    else:
        tagged = jets.btag >= cuts.btag_min
        chance = ak.to_numpy(ak.sum(tagged, axis=1) >= cuts.tags_min).astype(np.float64)
    jets["tagged"] = tagged
    weights = np.asarray(events.weight, np.float64)
    sequence = CutSequence(weights)
    four = ak.to_numpy(ak.num(jets, axis=1)) >= 4
    where = f"pT > {cuts.jet_pt_min_gev:g} GeV, |eta| < {cuts.jet_abs_eta_max:g}"
    left = sequence.apply(f"four jets with {where}", four)
    name = f"{cuts.tags_min} of them b-tagged" if cuts.tags_min else "their tags"
    sequence.apply_weighted(name, chance[left])
    mask = sequence.mask
    chosen = _four(jets[mask])
    return DihiggsSelection(
        mask,
        weights[mask] * chance[mask],
        _variables(chosen) | {TRUE_PAIRING: _true_pairing(events, mask, chosen)},
        chosen,
        sequence.cutflow,
    )


def min_delta_r_pairing(jets: ak.Array) -> NDArray[np.int64]:
    """Pair four jets: the pairing whose harder pair is the closest together.

    Of each pairing the pair with the higher pT counts, by its delta R; a tie goes to
    the pairing that comes first in 01|23, 02|13, 03|12, jets counted from 0.

    Parameters
    ----------
    jets : awkward array of momenta, four an event

    Returns
    -------
    int64, shape (events, 2, 2)
        Places of the jets: pairs by falling pT, in each pair by place.

    References
    ----------
    F.-Y. Hsieh, note "CWoLa" (unpublished), section 2.2.
    """
    delta_r, swapped = [], []
    for one, other in PAIRINGS:
        first, second = (jets[:, a].add(jets[:, b]) for a, b in (one, other))
        other_is_harder = ak.to_numpy(second.pt > first.pt)
        distances = [
            ak.to_numpy(jets[:, a].deltaR(jets[:, b])) for a, b in (one, other)
        ]
        delta_r.append(np.where(other_is_harder, distances[1], distances[0]))
        swapped.append(other_is_harder)
    best = np.argmin(np.stack(delta_r, axis=1), axis=1)
    pairs = np.asarray(PAIRINGS)[best]
    swap = np.take_along_axis(np.stack(swapped, axis=1), best[:, np.newaxis], axis=1)
    ordered: NDArray[np.int64] = np.where(swap[..., np.newaxis], pairs[:, ::-1], pairs)
    return ordered


def _four(jets: ak.Array) -> ak.Array:
    """Take the four hardest tagged jets, then the hardest others; hardest first."""
    tagged_first = jets[ak.argsort(~jets.tagged, axis=1, stable=True)][:, :4]
    by_pt = ak.argsort(tagged_first.pt, axis=1, ascending=False, stable=True)
    return tagged_first[by_pt]


def _variables(jets: ak.Array) -> dict[str, NDArray[np.float64]]:
    pairs = min_delta_r_pairing(jets)
    rows = np.arange(len(pairs))
    columns: dict[str, ak.Array] = {}
    candidates = []
    for place in range(2):
        first, second = (jets[rows, pairs[:, place, jet]] for jet in range(2))
        candidate = first.add(second)
        for name in _CANDIDATE:
            columns[f"{name}_h{place + 1}"] = getattr(candidate, name)
        columns[f"delta_r_h{place + 1}"] = first.deltaR(second)
        candidates.append(candidate)
    for place in range(4):
        columns[f"tag_{place + 1}"] = jets.tagged[:, place]
    both = candidates[0].add(candidates[1])
    columns |= {"pt_hh": both.pt, "mass_hh": both.mass}
    for place in range(4):
        for name in _CANDIDATE:
            columns[f"{name}_j{place + 1}"] = jets[name][:, place]
    # The partner of jet 0 names the pairing.
    first = np.where(
        (pairs[:, 0] == 0).any(axis=1)[:, np.newaxis], pairs[:, 0], pairs[:, 1]
    )
    columns[MIN_DELTA_R_PAIRING] = first.max(axis=1) - 1
    names = (*VARIABLES, *JET_VARIABLES, MIN_DELTA_R_PAIRING)
    return {name: np.asarray(ak.to_numpy(columns[name]), np.float64) for name in names}


def _true_pairing(
    events: Events, mask: NDArray[np.bool_], jets: ak.Array
) -> NDArray[np.float64]:
    """Find the pairing of the quarks of the bosons, where each has its own jet."""
    unknown = np.full(len(jets), -1.0)
    if "truth" not in events.fields or "quark_eta_1" not in events.truth.fields:
        return unknown
    truth = events.truth[mask]
    nearest = []
    for place in range(1, 5):
        eta, phi = (
            ak.to_numpy(truth[f"quark_{name}_{place}"])[:, np.newaxis]
            for name in ("eta", "phi")
        )
        turn = wrapped_azimuth(ak.to_numpy(jets.phi) - phi)
        distance = np.hypot(ak.to_numpy(jets.eta) - eta, turn)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        best = distance.argmin(axis=1)
        near = distance.min(axis=1) < _MATCHED
        nearest.append(np.where(near, best, -1))
    match = np.stack(nearest, axis=1)
    one_each = (np.sort(match, axis=1) == np.arange(4)).all(axis=1)
    # The quark of jet 0, and its partner: 0 with 1, 2 with 3.
    partner = np.argmax(match == 0, axis=1) ^ 1
    return np.where(one_each, match[np.arange(len(match)), partner] - 1.0, unknown)
