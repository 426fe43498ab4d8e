"""Substructure of R = 1.0 jets beside FastJet: `python bench/bench_substructure.py`.

Trimming, tau_1..3 and the full Lund tree of anti-kt jets of pT > 150 GeV from simulated
collisions. One thread, CPU time, medians of repeats that take turns; jets with
constituents in, awkward arrays out, and conversions inside the clock on both sides.
Every answer is compared before the clock runs. The peer is
bench/peers/fastjet_substructure.py.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import awkward as ak
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests"), str(ROOT / "bench")]

from oddjet.jets import cluster  # noqa: E402
from oddjet.substructure import (  # noqa: E402
    lund_tree,
    measure_jets,
    nsubjettiness,
    soft_drop,
    trim,
)
from particle_events import generated_events  # noqa: E402
from peers import fastjet_substructure as peer  # noqa: E402
from taking_turns import (  # noqa: E402
    cpu_ratio,
    print_claims,
    print_times,
    seconds,
    write_results,
)

TRIMMING = {"subjet_radius": 0.2, "pt_fraction": 0.05}
COUNTS, RADIUS = (1, 2, 3), 1.0
QUANTITIES = {
    "trimmed": partial(trim, **TRIMMING),
    "rays": partial(nsubjettiness, n=COUNTS, radius=RADIUS),
    "lund": lund_tree,
}
# What one Cambridge/Aachen tree serves, to show what sharing it saves.
ONE_TREE = {
    f"soft drop {z_cut} {beta}": partial(
        soft_drop, z_cut=z_cut, beta=beta, radius=RADIUS
    )
    for z_cut in (0.05, 0.1)
    for beta in (0.0, 1.0)
} | {"lund": lund_tree}
VALUES = ("ln_z", "ln_delta", "psi", "ln_m", "ln_kt")


def jets_of(count):
    """So many different jets, in collisions of 200 GeV and more."""
    events = generated_events(count)
    jets = cluster(events, algorithm="antikt", radius=RADIUS, pt_min_gev=150.0)
    jets = ak.flatten(jets)[:count]
    constituents = ak.to_packed(jets.constituents)
    return ak.to_packed(ak.with_field(jets, constituents, "constituents"))


def by_peer(jets):
    momenta = peer.momenta_of(jets)
    return (
        peer.trim(momenta, **TRIMMING),
        peer.nsubjettiness(momenta, counts=COUNTS, radius=RADIUS),
        peer.lund_tree(momenta),
    )


def assert_same(ours, theirs):
    (pt, members), taus, (values, neighbours, sizes) = theirs
    kept = ak.sort(ours["trimmed"].constituent_index)
    assert kept.tolist() == ak.sort(members).tolist()
    np.testing.assert_allclose(ours["trimmed"].pt, pt, rtol=1e-9)
    for i, count in enumerate(COUNTS):
        found = ours["rays"][f"tau_{count}"]
        np.testing.assert_allclose(found, taus[:, i], rtol=1e-8, atol=1e-9)
    assert ak.num(ours["lund"]).tolist() == sizes.tolist()
    nodes = ak.flatten(ours["lund"])
    assert nodes.neighbours.tolist() == neighbours.tolist()
    for i, name in enumerate(VALUES):
        # The mass of a pair of nearly parallel particles is rounding.
        loose = nodes.ln_m > -7 if name == "ln_m" else np.ones(len(nodes), bool)
        close = 1e-3 if name == "ln_m" else 1e-6
        np.testing.assert_allclose(nodes[name][loose], values[loose, i], atol=close)


def calls_on(jets):
    def each(quantities):
        return [quantity(jets, threads=1) for quantity in quantities.values()]

    return {
        "measure_jets": lambda: measure_jets(jets, QUANTITIES, threads=1),
        "fastjet wheel": lambda: by_peer(jets),
        "one call each": lambda: each(QUANTITIES),
        "one tree, together": lambda: measure_jets(jets, ONE_TREE, threads=1),
        "one tree, a call each": lambda: each(ONE_TREE),
    }


def claims_of(times):
    rows = (
        (
            "trimming + tau1..3 + Lund tree",
            "fastjet wheel",
            ">= 10",
            ("fastjet wheel", "measure_jets"),
        ),
        (
            "the same in one call",
            "three calls",
            "> 1",
            ("one call each", "measure_jets"),
        ),
        (
            "4 soft drops + Lund tree in one call",
            "five calls",
            "> 2",
            ("one tree, a call each", "one tree, together"),
        ),
    )
    return [(*texts, cpu_ratio(times, *pair)) for *texts, pair in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=1500)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--results", type=Path, help="JSON to write")
    arguments = parser.parse_args()
    jets = jets_of(arguments.jets)
    assert_same(measure_jets(jets, QUANTITIES, threads=1), by_peer(jets))
    times = seconds(calls_on(jets), arguments.repeats)
    claims = claims_of(times)
    constituents = float(ak.mean(ak.num(jets.constituents)))
    print(f"{len(jets)} jets, {constituents:.0f} constituents on average")
    print_claims(claims)
    items = dict.fromkeys(times, len(jets))
    print_times(times, items, "jet")
    write_results(
        arguments.results,
        "substructure",
        {name: version(name) for name in ("oddjet", "fastjet", "awkward")},
        {
            "jets": len(jets),
            "mean_constituents": round(constituents, 1),
            "repeats": arguments.repeats,
            "radius": RADIUS,
        },
        claims=claims,
        times=times,
        items=items,
    )


if __name__ == "__main__":
    main()
