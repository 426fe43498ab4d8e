"""oddjet.jets on events that nobody meets: FastJet's jets, where it has one answer.

FastJet's strategies are each right but for ties and rounding, where they may differ
from each other. Where all of them agree the jets have to be theirs; how often they do
not is printed (`pytest -rP`).
"""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest

from oddjet.jets import cluster
from particle_events import CARTESIAN, events_of, members

ALGORITHMS = {"antikt": -1.0, "kt": 1.0, "cambridge_aachen": 0.0}
STRATEGIES = ("N2Plain", "N2Tiled", "N2MinHeapTiled", "N2PoorTiled", "NlnN")


@pytest.fixture(scope="session")
def fastjet():
    with warnings.catch_warnings():  # SWIG's types have no __module__
        warnings.simplefilter("ignore")
        return pytest.importorskip("fastjet")


def momenta(pt, eta, phi, mass=0.0):
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + mass**2)], axis=-1)


def plain(random, size):
    eta, phi = random.normal(0.0, 2.0, size), random.uniform(-math.pi, math.pi, size)
    return momenta(random.exponential(5.0, size) + 0.1, eta, phi)


def coincident(random, size):
    return np.concatenate([plain(random, size)] * 2)


def collinear(random, size):
    rows = plain(random, size)
    return np.concatenate([rows, rows * random.uniform(0.1, 3.0, (size, 1))])


def without_pt(random, size):
    rows = plain(random, size)
    rows[::3, :2] = 0.0
    rows[::3, 3] = np.abs(rows[::3, 2])
    return rows


def with_ghosts(random, size):
    return np.concatenate([plain(random, size), 1e-100 * plain(random, 3 * size)])


def far_forward(random, size):
    rows = plain(random, size)
    eta = random.uniform(8.0, 25.0, size) * random.choice([-1.0, 1.0], size)
    return np.concatenate([rows, momenta(np.full(size, 2.0), eta, rows[:, 0] % 3.0)])


def massive(random, size):
    rows = plain(random, size)
    mass = random.choice([0.1, 5.0, 200.0], size)
    rows[:, 3] = np.sqrt(rows[:, 3] ** 2 + mass**2)
    return rows


def space_like(random, size):
    rows = plain(random, size)
    rows[:, 3] *= 1.0 - random.uniform(0.0, 4e-6, size)
    return rows


CASES = (coincident, collinear, without_pt, with_ghosts, far_forward, massive)
CASES += (space_like,)


def answers(fastjet, rows, power, radius):
    """The jets of each strategy, as sets of particles."""
    inputs = []
    for place, row in enumerate(rows.tolist()):
        inputs.append(fastjet.PseudoJet(*row))
        inputs[-1].set_user_index(place)
    for name in STRATEGIES:
        algorithm = {-1.0: "antikt", 1.0: "kt", 0.0: "cambridge"}[power] + "_algorithm"
        definition = fastjet.JetDefinition(
            getattr(fastjet, algorithm),
            radius,
            getattr(fastjet, name),
            fastjet.E_scheme,
        )
        sequence = fastjet.ClusterSequence(inputs, definition)
        yield {
            frozenset(p.user_index() for p in jet.constituents())
            for jet in sequence.inclusive_jets()
        }


def compare(fastjet, events, algorithm, radius):
    """(events where FastJet has one answer, and of these the ones that differ)."""
    found = members(
        cluster(events_of(events, CARTESIAN), algorithm=algorithm, radius=radius)
    )
    agreed, different = 0, []
    for i, (rows, jets) in enumerate(zip(events, found, strict=True)):
        first, *others = answers(fastjet, rows, ALGORITHMS[algorithm], radius)
        if any(other != first for other in others):
            continue
        agreed += 1
        if jets != first:
            different.append(i)
    return agreed, different


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_where_fastjet_has_one_answer(fastjet, algorithm, case):
    random = np.random.default_rng(11)
    events = [case(random, size) for size in (1, 2, 7, 30, 60) for _ in range(6)]
    agreed, different = compare(fastjet, events, algorithm, 0.7)
    undecided = len(events) - agreed
    sys.stdout.write(f"FastJet disagrees with itself in {undecided} of {len(events)}\n")
    assert different == []


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_one_and_ten_thousand_particles(fastjet, algorithm):
    random = np.random.default_rng(12)
    events = [plain(random, 1), plain(random, 10_000)]
    agreed, different = compare(fastjet, events, algorithm, 0.4)
    assert agreed == len(events)
    assert different == []
