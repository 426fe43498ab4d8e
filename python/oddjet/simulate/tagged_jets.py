"""Jets with the probability that each is b-tagged, as a detector would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from oddjet.jets import cluster
from oddjet.select.btagging import BOTTOM, CHARM, tag_efficiency
from oddjet.simulate.particles import heaviest_quark, sums_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from oddjet.simulate.particles import Particles

__all__ = ["has_jets", "tagged_jets"]

#: As in the CMS card of Delphes (FastJetFinder, JetFlavorAssociation).
RADIUS, PT_MIN_GEV = 0.4, 20.0
_HADRON_PT_MIN_GEV = 5.0
#: Of the jets that a selection may ask for.
HARD_PT_MIN_GEV, HARD_ABS_ETA_MAX = 40.0, 2.5


def tagged_jets(flow: Particles, hadrons: Particles, num_events: int) -> ak.Array:
    """Cluster jets and give each the efficiency of its flavour.

    A jet with a bottom hadron of 5 GeV within its radius is a b jet, else one with a
    charm hadron a c jet. The flavour itself is simulation truth and stays behind.

    Parameters
    ----------
    flow : Particles
        Energy flow, sorted by event.
    hadrons : Particles
        Bottom and charm hadrons, sorted by event.
    num_events : int

    Returns
    -------
    awkward array, a list of jets an event
        pt, eta, phi, mass (float32) [GeV, radians] and tag_efficiency (float32).
    """
    particles = _lists(flow, num_events)
    jets = cluster(particles, algorithm="antikt", radius=RADIUS, pt_min_gev=PT_MIN_GEV)
    jets = ak.without_field(ak.without_field(jets, "constituents"), "constituent_index")
    hard = hadrons[hadrons.pt > _HADRON_PT_MIN_GEV]
    flavour = ak.zeros_like(jets.pt, dtype=np.int64)
    for code in (CHARM, BOTTOM):
        own = _lists(hard[heaviest_quark(hard.pdg_id) == code], num_events)
        flavour = ak.where(_near(jets, own), code, flavour)
    counts = ak.num(jets)
    pt, flat = (ak.to_numpy(ak.flatten(each)) for each in (jets.pt, flavour))
    jets["tag_efficiency"] = ak.unflatten(tag_efficiency(pt, flat), counts)
    return ak.values_astype(jets, np.float32)


def has_jets(jets: ak.Array, least: int) -> NDArray[np.bool_]:
    """Mark the events with so many jets of pT > 40 GeV and |eta| < 2.5.

    Parameters
    ----------
    jets : awkward array, a list of jets an event
    least : int

    Returns
    -------
    bool, shape (events,)
    """
    hard = (jets.pt > HARD_PT_MIN_GEV) & (np.abs(jets.eta) < HARD_ABS_ETA_MAX)
    found: NDArray[np.bool_] = ak.to_numpy(ak.sum(hard, axis=1) >= least)
    return found


def _near(jets: ak.Array, hadrons: ak.Array) -> ak.Array:
    """Mark the jets with a hadron within their radius."""
    jet, hadron = ak.unzip(ak.cartesian([jets, hadrons], nested=True))
    return ak.any(jet.deltaR(hadron) < RADIUS, axis=2)


def _lists(particles: Particles, num_events: int) -> ak.Array:
    counts = sums_of(np.ones(len(particles)), particles.event, num_events)
    columns = {name: getattr(particles, name) for name in ("pt", "eta", "phi", "mass")}
    return ak.unflatten(
        ak.zip(columns, with_name="Momentum4D"), counts.astype(np.int64)
    )
