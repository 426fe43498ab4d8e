"""The mono-jet selection against its literal definition, cut by cut."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import parse_config
from oddjet.runs.errors import UserError
from oddjet.select.monojet import MonoJetCuts, select_monojet

NAMES = [
    "all events",
    "MET > 250 GeV",
    "no electron with pT > 7 GeV",
    "no muon with pT > 7 GeV",
    "at least one jet",
    "leading jet pT > 150 GeV",
    "leading jet |eta| < 2.4",
    "at most 3 additional jets",
    "delta phi(jet, MET) > 0.4",
]


def records(rows, names=("pt", "eta", "phi", "mass")):
    counts = np.array([len(event) for event in rows], np.int64)
    flat = np.array([row for event in rows for row in event], float)
    flat = flat.reshape(-1, len(names))
    return ak.unflatten(ak.zip({n: flat[:, i] for i, n in enumerate(names)}), counts)


def events_of(jets, met=(300.0, math.pi - 0.01), leptons=(), weight=1.0):
    """One event of a particle per jet, so that each particle is its own jet."""
    array = {
        "particles": records([[(*jet, 0.0) for jet in jets]]),
        "met": ak.zip({"pt": [met[0]], "phi": [met[1]]}),
        "leptons": records([list(leptons)], ("pt", "flavour")),
        "weight": [weight],
    }
    return Events(ak.Array(array), role="mc")


GOOD = [(200.0, 0.0, 0.0)]


def last_cut(events, cuts=None):
    """The cut at which the one event is lost; None if it is selected."""
    selection = select_monojet(events, cuts)
    rows = selection.cutflow.rows
    assert bool(selection.mask[0]) == (rows[-1].events == 1)
    return next((row.name for row in rows if row.events == 0), None)


@pytest.mark.parametrize(
    ("jets", "others", "lost_at"),
    [
        (GOOD, {}, None),
        (GOOD, {"met": (250.0, 3.0)}, "MET > 250 GeV"),
        (GOOD, {"met": (250.001, 3.0)}, None),
        (GOOD, {"leptons": [(7.5, 11)]}, "no electron with pT > 7 GeV"),
        (GOOD, {"leptons": [(6.9, 13), (7.1, 13)]}, "no muon with pT > 7 GeV"),
        (GOOD, {"leptons": [(7.0, 11), (6.0, 13), (90.0, 15)]}, None),
        ([], {}, "at least one jet"),
        ([(29.0, 0.0, 0.0)], {}, "at least one jet"),
        ([(150.0, 0.0, 0.0)], {}, "leading jet pT > 150 GeV"),
        ([(200.0, 2.5, 0.0)], {}, "leading jet |eta| < 2.4"),
        ([(200.0, -2.3, 0.0)], {}, None),
        ([(300.0, 3.5, 0.0), (200.0, 0.0, 1.0)], {}, "leading jet |eta| < 2.4"),
        ([*GOOD, *[(31.0, 2.7 - i, 0.5) for i in range(3)]], {}, None),
        (
            [*GOOD, *[(31.0, 2.7 - i, 0.5) for i in range(4)]],
            {},
            "at most 3 additional jets",
        ),
        ([*GOOD, *[(29.9, 2.7 - i, 0.5) for i in range(5)]], {}, None),
        ([*GOOD, *[(31.0, 2.9 + i, 0.5) for i in range(5)]], {}, None),
        ([(200.0, 0.0, 2.8)], {}, "delta phi(jet, MET) > 0.4"),
        # Across the edge of the azimuth: 0.22, not 6.06.
        ([(200.0, 0.0, -3.0)], {}, "delta phi(jet, MET) > 0.4"),
        ([(200.0, 0.0, -2.7)], {}, None),
        ([*GOOD, (31.0, 1.0, 3.0)], {}, "delta phi(jet, MET) > 0.4"),
        ([*GOOD, (29.0, 1.0, 3.0)], {}, None),
        ([*GOOD, (31.0, 2.9, 3.0)], {}, None),
    ],
)
def test_each_cut(jets, others, lost_at):
    assert last_cut(events_of(jets, **others)) == lost_at


def random_events(count, seed=1):
    rng = np.random.default_rng(seed)
    jets = [
        [
            (pt, rng.normal(0, 1.6), rng.uniform(-math.pi, math.pi), 0.0)
            for pt in rng.exponential(70, rng.poisson(6)) + 0.1
        ]
        for _ in range(count)
    ]
    leptons = [
        [(rng.exponential(8), rng.choice([11, 13])) for _ in range(rng.poisson(0.3))]
        for _ in range(count)
    ]
    array = {
        "particles": records(jets),
        "met": ak.zip(
            {
                "pt": rng.exponential(250, count) + 100,
                "phi": rng.uniform(-math.pi, math.pi, count),
            }
        ),
        "leptons": records(leptons, ("pt", "flavour")),
        "weight": rng.normal(1, 1, count),
    }
    return Events(ak.Array(array), role="mc")


def literally_selected(met, leptons, jets):
    """Region IM1 as one would write it down for a single event."""
    far = [
        abs((jet["phi"] - met["phi"] + math.pi) % (2 * math.pi) - math.pi) > 0.4
        for jet in jets
    ]
    counted = [jet["pt"] > 30 and abs(jet["eta"]) < 2.8 for jet in jets]
    return (
        met["pt"] > 250
        and not any(lepton["pt"] > 7 for lepton in leptons)
        and len(jets) > 0
        and jets[0]["pt"] > 150
        and abs(jets[0]["eta"]) < 2.4
        and sum(counted[1:]) <= 3
        and far[0]
        and all(f for f, c in zip(far[1:], counted[1:], strict=True) if c)
    )


def test_the_literal_definition():
    events = random_events(1500)
    jets = cluster(events.particles, algorithm="antikt", radius=0.4)
    collections = events.met, events.leptons, jets[["pt", "eta", "phi"]]
    rows = zip(*(array.to_list() for array in collections), strict=True)
    expected = [literally_selected(*row) for row in rows]
    selection = select_monojet(events)
    np.testing.assert_array_equal(selection.mask, expected)
    assert 20 < sum(expected) < 1000
    rows = selection.cutflow.rows
    assert [row.name for row in rows] == NAMES
    assert len({row.events for row in rows}) == len(rows)
    assert rows[-1].sum_weights == pytest.approx(
        events.weight[expected].to_numpy().sum()
    )


def test_chunks_and_masks_change_nothing():
    events = random_events(400)
    whole = select_monojet(events)
    parts = [select_monojet(events[start : start + 150]) for start in (0, 150, 300)]
    np.testing.assert_array_equal(np.concatenate([p.mask for p in parts]), whole.mask)
    merged = sum((p.cutflow for p in parts[1:]), start=parts[0].cutflow)
    assert [row.events for row in merged.rows] == [
        row.events for row in whole.cutflow.rows
    ]
    again = select_monojet(events[whole.mask])
    assert again.mask.all()


def test_jets_of_the_file():
    events = random_events(300)
    jets = cluster(events.particles, algorithm="antikt", radius=0.4)
    jets = jets[["pt", "eta", "phi", "mass"]][:, ::-1]
    with_jets = Events(ak.with_field(events.array, jets, "jets"), role="mc")
    cuts = MonoJetCuts(jets="file")
    selection = select_monojet(with_jets.without("particles"), cuts)
    np.testing.assert_array_equal(selection.mask, select_monojet(events).mask)
    with pytest.raises(UserError, match=r"mono-jet selection needs `jets`.*cluster"):
        select_monojet(events, cuts)


def test_events_without_any_jet_or_any_event():
    events = events_of([])
    for sample in (events[[0] * 5], events[:0]):
        selection = select_monojet(sample)
        assert [row.name for row in selection.cutflow.rows] == NAMES
        assert selection.cutflow.rows[-1].events == 0
        assert not selection.mask.any()


def test_vetoes_can_be_switched_off():
    events = random_events(900)
    cuts = MonoJetCuts(electron_pt_min_gev=None, muon_pt_min_gev=None)
    selection = select_monojet(events.without("leptons"), cuts)
    assert selection.mask.sum() > select_monojet(events).mask.sum()
    with pytest.raises(UserError, match=r"mono-jet selection needs `leptons`"):
        select_monojet(events.without("leptons"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("met_min_gev", -1),
        ("leading_jet_abs_eta_max", 0),
        ("jet_abs_eta_max", -2.8),
        ("jet_pt_min_gev", -30),
        ("additional_jets_max", -1),
        ("delta_phi_min", 3.2),
        ("jet_radius", 0),
        ("jets", "calo"),
        ("met_min", 200),
    ],
)
def test_impossible_cuts_are_refused(key, value):
    with pytest.raises(UserError, match=rf"search.yaml: .*{key}"):
        parse_config(MonoJetCuts, {key: value}, source="search.yaml")
