"""The selection of semi-visible jets against its literal definition, cut by cut."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError
from oddjet.select.svj import SvjCuts, select_svj, transverse_mass

NAMES = [
    "all events",
    "HT > 410 GeV",
    "two fat jets with pT >= 150 GeV, |eta| <= 2.4",
    "M_T > 650 GeV",
    "R_T > 0.24",
    "min delta phi < 0.8",
]


def events_of(rows, met, weights=None):
    """Events of massless particles (pt, eta, phi), one list an event."""
    counts = [len(event) for event in rows]
    flat = np.array([row for event in rows for row in event], float).reshape(-1, 3)
    columns = {name: flat[:, i] for i, name in enumerate(("pt", "eta", "phi"))}
    columns["mass"] = np.zeros(len(flat))
    array = {
        "particles": ak.unflatten(ak.zip(columns), counts),
        "met": ak.zip({"pt": [m[0] for m in met], "phi": [m[1] for m in met]}),
        "weight": np.ones(len(rows)) if weights is None else weights,
    }
    return Events(ak.Array(array), role="mc")


#: Two jets back to back, one along the missing momentum: M_T = 882 GeV, R_T = 0.34.
GOOD = [(400.0, 0.0, 0.0), (250.0, 0.5, 3.0)]
MET = (300.0, 2.8)


def last_cut(jets, met=MET, cuts=None):
    """The cut at which the one event is lost; None if it is selected."""
    selection = select_svj(events_of([jets], [met]), cuts)
    rows = selection.cutflow.rows
    assert bool(selection.mask[0]) == (rows[-1].events == 1)
    return next((row.name for row in rows if row.events == 0), None)


@pytest.mark.parametrize(
    ("jets", "met", "lost_at"),
    [
        (GOOD, MET, None),
        ([(200.0, 0.0, 0.0), (205.0, 0.5, 3.0)], MET, "HT > 410 GeV"),
        # Soft and forward jets do not count in HT.
        (
            [(200.0, 0.0, 0.0), (190.0, 0.5, 3.0), (29.0, 2.0, 1.0), (90.0, 2.6, 1.5)],
            MET,
            "HT > 410 GeV",
        ),
        ([(400.0, 0.0, 0.0), (149.0, 0.5, 3.0)], MET, NAMES[2]),
        ([(400.0, 0.0, 0.0), (250.0, 2.45, 3.0)], MET, NAMES[2]),
        # A hard jet outside the acceptance is passed over.
        ([*GOOD, (900.0, 2.45, 1.5)], MET, None),
        ([(220.0, 0.0, 0.0), (200.0, 0.5, 3.0)], (20.0, 2.8), "M_T > 650 GeV"),
        (
            [(900.0, 0.0, 0.0), (700.0, 0.5, 3.0)],
            (300.0, 2.8),
            "R_T > 0.24",
        ),
        (GOOD, (300.0, 1.5), "min delta phi < 0.8"),
        # Across the edge of the azimuth.
        (GOOD, (300.0, -2.9), None),
        (GOOD, (300.0, 0.7), None),
    ],
)
def test_each_cut(jets, met, lost_at):
    assert last_cut(jets, met) == lost_at


def test_the_transverse_mass():
    """From four-vectors: (E_T + MET)^2 - (pT + MET)^2."""
    rng = np.random.default_rng(1)
    mass, pt, met = rng.uniform(1, 2000, (3, 50))
    phi = rng.uniform(-math.pi, math.pi, 50)
    energy = np.sqrt(mass**2 + pt**2) + met
    px, py = pt + met * np.cos(phi), met * np.sin(phi)
    expected = np.sqrt(energy**2 - px**2 - py**2)
    np.testing.assert_allclose(transverse_mass(mass, pt, met, phi), expected, rtol=1e-9)


def random_events(count, seed=1):
    rng = np.random.default_rng(seed)
    rows = [
        [
            (pt, rng.normal(0, 1.3), rng.uniform(-math.pi, math.pi))
            for pt in rng.exponential(150, rng.poisson(5)) + 20
        ]
        for _ in range(count)
    ]
    met = [(rng.exponential(300), rng.uniform(-math.pi, math.pi)) for _ in range(count)]
    return events_of(rows, met, rng.normal(1, 1, count))


def wrapped(angle):
    return abs((angle + math.pi) % (2 * math.pi) - math.pi)


def literally(event, small, fat, met):
    """The talk's table as one would write it down for a single event."""
    del event
    ht = sum(j["pt"] for j in small if j["pt"] >= 30 and abs(j["eta"]) < 2.5)
    jets = [j for j in fat if j["pt"] >= 150 and abs(j["eta"]) <= 2.4][:2]
    if ht <= 410 or len(jets) < 2:
        return None
    vectors = []
    for jet in jets:
        px, py = jet["pt"] * math.cos(jet["phi"]), jet["pt"] * math.sin(jet["phi"])
        pz = jet["pt"] * math.sinh(jet["eta"])
        energy = math.sqrt(px**2 + py**2 + pz**2 + jet["mass"] ** 2)
        vectors.append(np.array([energy, px, py, pz]))
    e, px, py, pz = vectors[0] + vectors[1]
    mass2 = e**2 - px**2 - py**2 - pz**2
    mx, my = met["pt"] * math.cos(met["phi"]), met["pt"] * math.sin(met["phi"])
    pt = math.hypot(px, py)
    m_t = math.sqrt(
        mass2 + 2 * (met["pt"] * math.sqrt(mass2 + pt**2) - px * mx - py * my)
    )
    r_t = met["pt"] / m_t
    closest = min(wrapped(jet["phi"] - met["phi"]) for jet in jets)
    if m_t <= 650 or r_t <= 0.24 or closest >= 0.8:
        return None
    return {
        "ht": ht,
        "transverse_mass": m_t,
        "transverse_ratio": r_t,
        "delta_phi_min": closest,
        "delta_eta": abs(jets[0]["eta"] - jets[1]["eta"]),
        "delta_phi_jets": wrapped(jets[0]["phi"] - jets[1]["phi"]),
        "balance_leading": min(jets[0]["pt"], met["pt"]) / (jets[0]["pt"] + met["pt"]),
        "mass": math.sqrt(mass2),
    }


def test_the_literal_definition():
    events = random_events(1500)
    small, fat = (
        cluster(events.particles, algorithm="antikt", radius=radius)[
            ["pt", "eta", "phi", "mass"]
        ].to_list()
        for radius in (0.4, 0.8)
    )
    met = events.met.to_list()
    expected = [
        literally(i, *row) for i, row in enumerate(zip(small, fat, met, strict=True))
    ]
    selection = select_svj(events)
    np.testing.assert_array_equal(
        selection.mask, [each is not None for each in expected]
    )
    kept = [each for each in expected if each is not None]
    assert 30 < len(kept) < 1000
    for name in kept[0]:
        np.testing.assert_allclose(
            selection.variables[name], [each[name] for each in kept], rtol=1e-7
        )
    in_plane = np.array([each["delta_eta"] < 2.2 for each in kept])
    np.testing.assert_array_equal(selection.in_signal_plane, in_plane)
    assert 0 < in_plane.sum() < len(in_plane)
    assert [row.name for row in selection.cutflow.rows] == NAMES
    assert len(selection.fat_jets) == len(kept)
    assert "constituents" in selection.fat_jets.fields


def test_the_planes_share_the_weight():
    events = random_events(800)
    selection = select_svj(events)
    flows = selection.planes
    last = [flows[name].rows[-1] for name in ("SP", "VP")]
    assert [row.name for row in last] == [
        "|delta eta| < 2.2 (SP)",
        "|delta eta| >= 2.2 (VP)",
    ]
    whole = selection.cutflow.rows[-1]
    assert sum(row.events for row in last) == whole.events
    assert sum(row.sum_weights for row in last) == pytest.approx(whole.sum_weights)
    weights = events.weight.to_numpy()[selection.mask]
    assert last[0].sum_weights == pytest.approx(
        weights[selection.in_signal_plane].sum()
    )


def test_chunks_add_up():
    events = random_events(400)
    whole = select_svj(events)
    parts = [select_svj(events[start : start + 150]) for start in (0, 150, 300)]
    np.testing.assert_array_equal(np.concatenate([p.mask for p in parts]), whole.mask)
    for name in whole.variables:
        joined = np.concatenate([p.variables[name] for p in parts])
        np.testing.assert_array_equal(joined, whole.variables[name])
    merged = sum((p.planes["VP"] for p in parts[1:]), start=parts[0].planes["VP"])
    assert [row.events for row in merged.rows] == [
        row.events for row in whole.planes["VP"].rows
    ]


def test_events_without_any_jet_or_any_event():
    events = events_of([[], GOOD], [MET, MET])
    assert select_svj(events).mask.tolist() == [False, True]
    nothing = select_svj(events[:0])
    assert [row.events for row in nothing.cutflow.rows] == [0] * 6
    assert nothing.variables["delta_eta"].shape == (0,)


def test_what_is_missing_is_said():
    events = events_of([GOOD], [MET])
    with pytest.raises(UserError, match="selection of semi-visible jets needs `met`"):
        select_svj(events.without("met"))
    with pytest.raises(UserError, match=r"svj.yaml: .*delta_phi_max"):
        parse_config(SvjCuts, {"delta_phi_max": 4}, source="svj.yaml")
