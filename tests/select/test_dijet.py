"""The dijet selection against its literal definition, an event at a time."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.errors import UserError
from oddjet.select.dijet import DijetCuts, select_dijet
from oddjet.substructure import nsubjettiness, trim


def toy_events(seed, number=120):
    """Two back-to-back sprays of particles and some soft ones."""
    rng = np.random.default_rng(seed)
    events = []
    for _ in range(number):
        particles = []
        phi, pt = rng.uniform(-np.pi, np.pi), rng.uniform(350, 1400)
        for turn in (0, np.pi):
            eta = rng.uniform(-2.2, 2.2)
            width = rng.uniform(0.02, 0.35)
            shares = rng.dirichlet(np.ones(8)) * pt * rng.uniform(0.5, 1.0)
            particles += [
                (share, eta + width * rng.normal(), phi + turn + width * rng.normal())
                for share in shares
            ]
        particles += [(1.0, rng.uniform(-3, 3), rng.uniform(-3, 3)) for _ in range(5)]
        events.append([
            {"pt": p, "eta": e, "phi": math.remainder(f, 2 * math.pi), "mass": 0.0}
            for p, e, f in particles
        ])  # fmt: skip
    array = {"particles": ak.Array(events), "weight": rng.uniform(0.5, 1.5, number)}
    return Events(ak.Array(array), role="mc")


def literal(jets):
    """Cuts and quantities of the two jets of one event, hardest first."""
    first, second = jets
    momenta = []
    for jet in jets:
        px, py = jet["pt"] * math.cos(jet["phi"]), jet["pt"] * math.sin(jet["phi"])
        momenta.append(np.array([px, py, jet["pt"] * math.sinh(jet["eta"])]))
    size = [float(np.linalg.norm(p)) for p in momenta]
    mass_jj = math.sqrt(2 * (size[0] * size[1] - float(momenta[0] @ momenta[1])))
    rapidity = [
        math.atanh(p[2] / math.hypot(s, jet["mass"]))
        for p, s, jet in zip(momenta, size, jets, strict=True)
    ]
    delta = abs(rapidity[0] - rapidity[1])
    passes = (
        first["pt"] > 500
        and second["pt"] > 200
        and all(abs(jet["eta"]) < 2 and 30 < jet["mass"] < 500 for jet in jets)
        and mass_jj > 1300
    )
    return passes, mass_jj, delta


@pytest.mark.parametrize("region", ["signal", "validation"])
def test_events_one_by_one(region):
    events = toy_events(1)
    found = select_dijet(events, DijetCuts(region=region))
    jets = cluster(events.particles, algorithm="antikt", radius=1.0)
    trimmed = trim(jets, subjet_radius=0.2, pt_fraction=0.05)
    taus = nsubjettiness(trimmed, (1, 2, 3), radius=1.0, axes="wta_kt")
    rows = 0
    for number, event in enumerate(trimmed.to_list()):
        order = sorted(range(len(event)), key=lambda i: -event[i]["pt"])[:2]
        passes, mass_jj, delta = literal([event[i] for i in order])
        passes = passes and (delta < 1.2 if region == "signal" else delta > 1.2)
        assert found.mask[number] == passes
        if not passes:
            continue
        got = {name: column[rows] for name, column in found.variables.items()}
        assert got["mass_jj"] == pytest.approx(mass_jj, rel=1e-6)
        assert got["delta_rapidity"] == pytest.approx(delta, rel=1e-6)
        for place, jet in enumerate(order, start=1):
            tau_1, tau_2, tau_3 = (taus[f"tau_{n}"][number, jet] for n in (1, 2, 3))
            assert got[f"mass_{place}"] == pytest.approx(event[jet]["mass"])
            assert got[f"tau21_{place}"] == pytest.approx(tau_2 / tau_1)
            assert got[f"tau32_{place}"] == pytest.approx(tau_3 / tau_2)
        assert found.weights[rows] == events.weight[number]
        rows += 1
    assert rows == len(found.weights) > 5


def test_nothing_is_selected_of_nothing():
    events = toy_events(2)
    few = Events(
        ak.Array({"particles": events.particles[:, :1]}), role="mc"
    )  # one jet an event
    found = select_dijet(few)
    assert not found.mask.any()
    assert [row.events for row in found.cutflow.rows] == [120, *[0] * 7]
    assert len(select_dijet(events[:0]).weights) == 0
    with pytest.raises(UserError, match="the dijet selection needs `particles`"):
        select_dijet(Events(ak.Array({"weight": [1.0]}), role="mc"))
