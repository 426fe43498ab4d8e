"""Four jets an event: of two bosons of 125 GeV, or each for itself."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.events import Events

#: Of the first two and of the last two quarks; the truth of the signal.
BOSONS = (0, 0, 1, 1)


def toy_higgs_pairs(count, *, seed, signal=True):
    """Jets that all have tags; those of a boson lie close together and weigh 125 GeV.

    Background jets point anywhere. Signal has truth, in no order of the jets.
    """
    random = np.random.default_rng(seed)
    if signal:
        pt = random.uniform(60, 200, (count, 4))
        axis = random.uniform(-np.pi, np.pi, count)[:, None] + [[0, 0, np.pi, np.pi]]
        eta = np.repeat(random.normal(0, 0.6, (count, 2)), 2, axis=1)
        # m^2 = pt1 pt2 R^2 for close jets: their distance gives the mass.
        opening = 125 / np.sqrt(pt[:, ::2] * pt[:, 1::2])
        turn = random.uniform(0, 2 * np.pi, (count, 2))
        half = np.repeat(opening, 2, axis=1) / 2 * [[1, -1, 1, -1]]
        turn = np.repeat(turn, 2, axis=1)
        eta, phi = eta + half * np.cos(turn), axis + half * np.sin(turn)
    else:
        pt = random.uniform(60, 200, (count, 4))
        eta = random.uniform(-2, 2, (count, 4))
        phi = random.uniform(-np.pi, np.pi, (count, 4))
    phi = (phi + np.pi) % (2 * np.pi) - np.pi
    eta = np.clip(eta, -2.4, 2.4)
    order = np.argsort(-pt, axis=1)
    columns = {
        name: ak.from_regular(np.take_along_axis(values, order, axis=1))
        for name, values in {
            "pt": pt, "eta": eta, "phi": phi, "mass": 0.1 * pt,
            "tag_efficiency": np.full(pt.shape, 0.9),
        }.items()
    }  # fmt: skip
    ids = {"run": np.full(count, seed), "lumi": np.zeros(count, np.int64)}
    records = {
        "jets": ak.zip(columns, with_name="Momentum4D"),
        "weight": np.ones(count),
        "id": ak.zip(ids | {"event": np.arange(count)}),
    }
    if signal:
        # Quarks where their jets are.
        truth = {}
        for place in range(4):
            truth[f"quark_eta_{place + 1}"] = eta[:, place].astype(np.float32)
            truth[f"quark_phi_{place + 1}"] = phi[:, place].astype(np.float32)
        records["truth"] = ak.zip(truth)
    return Events(ak.zip(records, depth_limit=1), role="mc")
