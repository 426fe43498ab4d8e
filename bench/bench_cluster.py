"""Clustering of generated QCD events, beside FastJet through its Python package.

One thread each, awkward array in, jets with constituents out, in CPU time. The answer
is checked before the clock runs.
"""

from __future__ import annotations

import time
import warnings

import awkward as ak
import pytest

from oddjet.jets import cluster
from particle_events import generated_events

pytestmark = pytest.mark.benchmark(timer=time.process_time)

EVENTS = 100
RADIUS = 0.8
FASTJET_NAMES = {
    "antikt": "antikt_algorithm",
    "kt": "kt_algorithm",
    "cambridge_aachen": "cambridge_algorithm",
}


def events_of_size(particles):
    """The hardest particles of each event, so that all events are of one size."""
    events = generated_events(EVENTS)
    hardest = ak.argsort(events.pt, axis=1, ascending=False)[:, :particles]
    return ak.to_packed(events[hardest])


def cluster_with_fastjet(fastjet, events, algorithm):
    columns = {"px": events.px, "py": events.py, "pz": events.pz, "E": events.energy}
    momenta = ak.zip(columns, with_name="Momentum4D")
    code = getattr(fastjet, FASTJET_NAMES[algorithm])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sequence = fastjet.ClusterSequence(momenta, fastjet.JetDefinition(code, RADIUS))
        return sequence.constituent_index(0.0)


def as_sets(constituent_index):
    return [{frozenset(jet) for jet in event} for event in constituent_index.tolist()]


@pytest.fixture(scope="session")
def fastjet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("fastjet")


@pytest.mark.parametrize("particles", [30, 100, 300])
@pytest.mark.parametrize("algorithm", FASTJET_NAMES)
def bench_oddjet(benchmark, fastjet, algorithm, particles):
    events = events_of_size(particles)
    options = {"algorithm": algorithm, "radius": RADIUS, "threads": 1}
    expected = cluster_with_fastjet(fastjet, events, algorithm)
    found = cluster(events, **options).constituent_index
    assert as_sets(found) == as_sets(expected)
    benchmark.group = f"{algorithm}, {particles} particles, {EVENTS} events"
    benchmark(cluster, events, **options)


@pytest.mark.parametrize("particles", [30, 100, 300])
@pytest.mark.parametrize("algorithm", FASTJET_NAMES)
def bench_fastjet(benchmark, fastjet, algorithm, particles):
    events = events_of_size(particles)
    benchmark.group = f"{algorithm}, {particles} particles, {EVENTS} events"
    benchmark(cluster_with_fastjet, fastjet, events, algorithm)
