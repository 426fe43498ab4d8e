"""Quantities of leading fat jets, from our events and from the reference files.

The reference is an independent chain (Pythia 8.317 with an energy flow of its own):
leading anti-kt R = 0.8 jets of events that pass the mono-jet selection.
"""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.jets import cluster
from oddjet.select.monojet import select_monojet

# The constituents that the reference files hold.
KEPT = 60


def jets_of_events(events):
    """Quantities of the leading fat jets of the selected events."""
    selected = events[select_monojet(events).mask]
    jets = cluster(selected.particles, algorithm="antikt", radius=0.8)[:, 0]
    constituents = jets.constituents[:, :KEPT]
    pt = ak.to_numpy(ak.fill_none(ak.pad_none(constituents.pt, KEPT), 0.0))
    delta_r = ak.fill_none(ak.pad_none(constituents.deltaR(jets), KEPT), 0.0)
    return quantities(
        jet_pt=ak.to_numpy(jets.pt),
        multiplicity=ak.to_numpy(ak.num(jets.constituents)),
        pt=pt,
        delta_r=ak.to_numpy(delta_r),
        met=ak.to_numpy(selected.met.pt),
    )


def jets_of_reference(path):
    """Quantities of the jets in a file of the reference chain."""
    with np.load(path) as file:
        return quantities(
            jet_pt=file["jet"][:, 0],
            multiplicity=file["n"],
            pt=file["pt"].astype(np.float64),
            delta_r=np.hypot(file["deta"].astype(float), file["dphi"].astype(float)),
            met=file["met"],
        )


def quantities(*, jet_pt, multiplicity, pt, delta_r, met):
    """Name the compared quantities; pt and delta_r are (jets, constituents)."""
    return {
        "jet pT [GeV]": np.asarray(jet_pt, dtype=np.float64),
        "constituents": np.asarray(multiplicity, dtype=np.float64),
        "width": (pt * delta_r).sum(axis=1) / pt.sum(axis=1),
        "leading pT fraction": pt.max(axis=1) / jet_pt,
        "MET [GeV]": np.asarray(met, dtype=np.float64),
    }
