"""The di-Higgs selection against its literal definition, an event at a time."""

from __future__ import annotations

import itertools
import math

import awkward as ak
import numpy as np
import pytest

from oddjet.events import Events
from oddjet.runs.errors import UserError
from oddjet.select.dihiggs import (
    VARIABLES,
    DihiggsCuts,
    min_delta_r_pairing,
    select_dihiggs,
)


def momentum(jet):
    pt, eta, phi, mass = (jet[name] for name in ("pt", "eta", "phi", "mass"))
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    return np.array([px, py, pz, math.hypot(px, py, pz, mass)])


def described(p):
    pt = math.hypot(p[0], p[1])
    mass = math.sqrt(max(p[3] ** 2 - p[0] ** 2 - p[1] ** 2 - p[2] ** 2, 0))
    return pt, math.asinh(p[2] / pt), math.atan2(p[1], p[0]), mass


def delta_r(one, other):
    turn = math.remainder(one["phi"] - other["phi"], 2 * math.pi)
    return math.hypot(one["eta"] - other["eta"], turn)


def literal(four):
    """Both candidates of four jets, by trying every pairing."""
    best = None
    for one, other in [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]:
        sums = [sum(momentum(four[i]) for i in pair) for pair in (one, other)]
        pairs = sorted(
            zip((one, other), sums, strict=True),
            key=lambda x: -math.hypot(*x[1][:2]),
        )
        distance = delta_r(*(four[i] for i in pairs[0][0]))
        if best is None or distance < best[0]:
            best = (distance, pairs)
    found = []
    for pair, total in best[1]:
        found.append((*described(total), delta_r(*(four[i] for i in pair))))
    total = described(best[1][0][1] + best[1][1][1])
    return found, total


def toy_events(seed, number=80, **fields):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 8, number)
    size = int(counts.sum())
    columns = {
        "pt": rng.uniform(20, 200, size),
        "eta": rng.uniform(-3, 3, size),
        "phi": rng.uniform(-np.pi, np.pi, size),
        "mass": rng.uniform(1, 20, size),
        "tag_efficiency": rng.uniform(0.1, 0.9, size),
        "btag": rng.random(size),
    } | fields
    jets = ak.unflatten(ak.zip(columns), counts)
    array = ak.Array({"jets": jets, "weight": rng.uniform(0.5, 2, number)})
    return Events(array, role="mc")


@pytest.mark.parametrize("tags_min", [2, 4])
def test_tagged_events_one_by_one(tags_min):
    events = toy_events(1)
    cuts = DihiggsCuts(tagging="btag", btag_min=0.4, tags_min=tags_min)
    found = select_dihiggs(events, cuts)
    rows = 0
    for number, jets in enumerate(events.jets.tolist()):
        good = [j for j in jets if j["pt"] > 40 and abs(j["eta"]) < 2.5]
        good.sort(key=lambda j: -j["pt"])
        tagged = [j for j in good if j["btag"] >= 0.4]
        passes = len(good) >= 4 and len(tagged) >= tags_min
        assert found.mask[number] == passes
        if not passes:
            continue
        others = [j for j in good if j not in tagged]
        four = (tagged[:4] + others)[:4]
        four = sorted(four, key=lambda j: -j["pt"])
        (one, other), (pt, _, _, mass) = literal(four)
        wanted = [*one[:4], *other[:4], one[4], other[4]]
        wanted += [float(j["btag"] >= 0.4) for j in four] + [pt, mass]
        got = [found.variables[name][rows] for name in VARIABLES]
        assert got == pytest.approx(wanted, rel=1e-6, abs=1e-6)
        assert found.weights[rows] == events.weight[number]
        rows += 1
    assert rows == len(found.weights) > 5


def test_by_efficiency_every_event_counts_with_its_chance():
    events = toy_events(2, 400)
    found = select_dihiggs(events)
    jets = events.jets[(events.jets.pt > 40) & (np.abs(events.jets.eta) < 2.5)]
    chances = []
    for event in jets.tag_efficiency.tolist():
        chance = 0.0
        for tags in itertools.product([0, 1], repeat=len(event)):
            if sum(tags) >= 4:
                factors = [p if t else 1 - p for p, t in zip(event, tags, strict=True)]
                chance += math.prod(factors)
        chances.append(chance)
    weighted = np.array(chances) * ak.to_numpy(events.weight)
    np.testing.assert_allclose(found.weights, weighted[found.mask], rtol=1e-12)
    np.testing.assert_array_equal(found.mask, weighted > 0)
    row = found.cutflow.rows[-1]
    assert row.name == "4 of them b-tagged"
    assert row.sum_weights == pytest.approx(weighted.sum())
    assert row.sum_weights_squared == pytest.approx((weighted**2).sum())
    assert all(found.variables[f"tag_{n}"].min() == 1 for n in range(1, 5))


def test_a_tie_goes_to_the_first_pairing():
    """A square of equal jets: 01, 12, 23 and 30 are equally close."""
    jet = {"pt": 100.0, "mass": 0.0}
    corners = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]
    jets = ak.Array([[jet | {"eta": e, "phi": p} for e, p in corners]])
    events = Events(ak.Array({"jets": jets}), role="mc")
    pairs = min_delta_r_pairing(events.jets)
    assert sorted(map(tuple, pairs[0].tolist())) == [(0, 1), (2, 3)]


def test_fewer_than_four_jets_select_nothing():
    events = toy_events(3)[:0]
    assert len(select_dihiggs(events).weights) == 0
    few = toy_events(3)
    few = few[ak.to_numpy(ak.num(few.jets)) < 4]
    found = select_dihiggs(few)
    assert not found.mask.any()
    assert [row.events for row in found.cutflow.rows] == [len(few), 0, 0]


def test_what_is_missing_is_named():
    events = toy_events(4)
    bare = events.array.jets[["pt", "eta", "phi", "mass"]]
    events = Events(ak.Array({"jets": bare}), role="mc")
    with pytest.raises(UserError, match=r"needs `jets\.tag_efficiency`"):
        select_dihiggs(events)
