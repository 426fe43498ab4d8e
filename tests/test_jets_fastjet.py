"""oddjet.jets against FastJet: the same constituents in every jet of every event."""

from __future__ import annotations

import gzip
import json
import math
import warnings

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest

import tolerances
from definitions.kinematics import Momentum, azimuth, pt_squared, rapidity
from oddjet.jets import cluster
from particle_events import CARTESIAN, events_of, generated_events

ALGORITHMS = ("antikt", "kt", "cambridge_aachen")
RADII = (0.4, 0.8, 1.0)


@pytest.fixture(scope="session")
def fastjet():
    with warnings.catch_warnings():  # SWIG's types have no __module__
        warnings.simplefilter("ignore")
        return pytest.importorskip("fastjet")


def fastjet_members(fastjet, events, algorithm, radius, power=0.0):
    codes = {
        "antikt": fastjet.antikt_algorithm,
        "kt": fastjet.kt_algorithm,
        "cambridge_aachen": fastjet.cambridge_algorithm,
        "genkt": fastjet.genkt_algorithm,
    }
    extra = (power,) if algorithm == "genkt" else ()
    momenta = ak.zip(
        {"px": events.px, "py": events.py, "pz": events.pz, "E": events.energy},
        with_name="Momentum4D",
    )
    definition = fastjet.JetDefinition(codes[algorithm], radius, *extra)
    with warnings.catch_warnings():  # it warns of algorithms that it knows well
        warnings.simplefilter("ignore")
        indices = fastjet.ClusterSequence(momenta, definition).constituent_index(0.0)
    return as_sets(indices)


def as_sets(constituent_index):
    return [{frozenset(jet) for jet in event} for event in constituent_index.tolist()]


def assert_same_jets(fastjet, events, algorithm, radius, power=None):
    jets = cluster(events, algorithm=algorithm, radius=radius, power=power)
    expected = fastjet_members(fastjet, events, algorithm, radius, power or 0.0)
    found = as_sets(jets.constituent_index)
    different = [i for i in range(len(events)) if found[i] != expected[i]]
    assert different == []


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_generated_events(fastjet, algorithm, radius):
    assert_same_jets(fastjet, generated_events(200), algorithm, radius)


@pytest.mark.parametrize("power", [-0.5, 0.5, 2.0])
def test_other_powers(fastjet, power):
    assert_same_jets(fastjet, generated_events(200), "genkt", 0.8, power)


@pytest.mark.parametrize("radius", [0.4, 0.8])
def test_thousands_of_events_in_every_run(fastjet, radius):
    assert_same_jets(fastjet, generated_events(2000, seed=3), "antikt", radius)


@pytest.mark.slow
@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_thousands_of_generated_events(fastjet, algorithm, radius):
    assert_same_jets(fastjet, generated_events(4000, seed=2), algorithm, radius)


@pytest.mark.parametrize(
    ("algorithm", "tied"), [("antikt", 0), ("kt", 8), ("cambridge_aachen", 8)]
)
def test_cells_of_a_calorimeter(fastjet, algorithm, tied):
    """On a grid many distances are equal, and without a scale nothing else decides.

    FastJet's own strategies then differ from each other in up to 2 % of the events,
    so nobody can agree with it in more.
    """
    random = np.random.default_rng(5)
    shape = (400, 120)
    rows = np.stack(
        [
            random.exponential(8.0, shape) + 0.5,
            np.round(random.normal(0.0, 1.5, shape), 1),
            random.integers(-32, 32, shape) * (math.pi / 32),
            np.zeros(shape),
        ],
        axis=-1,
    )
    cells = events_of(rows.tolist())
    momenta = np.stack([ak.to_numpy(getattr(cells, name)) for name in CARTESIAN], -1)
    events = events_of(momenta.tolist(), CARTESIAN)
    jets = cluster(events, algorithm=algorithm, radius=0.8)
    expected = fastjet_members(fastjet, events, algorithm, 0.8)
    pairs = zip(as_sets(jets.constituent_index), expected, strict=True)
    assert sum(found != wanted for found, wanted in pairs) <= tied


# --- FastJet's answers in files of other projects -----------------------------------


def read_hepmc3(path):
    """Final particles (px, py, pz, energy) of each event of a HepMC3 listing."""
    open_text = gzip.open if path.suffix == ".gz" else open
    events = []
    with open_text(path, "rt") as lines:
        for line in lines:
            words = line.split()
            if words[:1] == ["E"]:
                events.append([])
            elif words[:1] == ["P"] and words[9] == "1":
                events[-1].append([float(word) for word in words[4:8]])
    return events_of(events, CARTESIAN)


def read_numbered_particles(path):
    """Rows of event number, px, py, pz, energy."""
    table = np.loadtxt(path)
    starts = np.flatnonzero(np.diff(table[:, 0])) + 1
    return events_of(np.split(table[:, 1:], starts), CARTESIAN)


def assert_printed_jets(jets, printed, pt_min):
    """Jets of one event against rows of FastJet's (rapidity, azimuth, pt)."""
    jets = jets[jets.pt >= pt_min]
    momenta = [Momentum(j.px, j.py, j.pz, j.energy) for j in jets]
    rows = [[rapidity(p), azimuth(p), math.sqrt(pt_squared(p))] for p in momenta]
    found = np.array(rows).reshape(-1, 3)
    assert len(found) == len(printed)
    difference = np.abs(found - printed)
    difference[:, 1] = np.abs((difference[:, 1] + math.pi) % (2 * math.pi) - math.pi)
    assert np.all(difference < tolerances.PRINTED * np.maximum(1.0, found[:, 2:]))


@pytest.mark.data
@pytest.mark.parametrize(
    ("algorithm", "name"), [("antikt", "AntiKt"), ("cambridge_aachen", "CA")]
)
def test_answers_kept_by_jetreconstruction_jl(test_data, algorithm, name):
    path = test_data / "hepmc/graeme-a-stewart__antikt-python__events.hepmc3.txt"
    events = read_numbered_particles(path)
    collection = f"jet-collections-fastjet-inclusive-{name}.json.zst"
    path = test_data / f"fastjet/JuliaHEP__JetReconstruction.jl__{collection}"
    answers = json.load(pa.CompressedInputStream(str(path), "zstd"))

    jets = cluster(events, algorithm=algorithm, radius=0.4)
    assert len(jets) == len(answers)
    for event, answer in zip(jets, answers, strict=True):
        rows = [[jet["rap"], jet["phi"], jet["pt"]] for jet in answer["jets"]]
        assert_printed_jets(event, np.array(rows).reshape(-1, 3), pt_min=5.0)


@pytest.mark.data
@pytest.mark.parametrize("radius", [0.4, 0.7, 1.0])
@pytest.mark.parametrize(
    ("name", "algorithm", "power"),
    [
        ("antikt", "antikt", None),
        ("kt", "kt", None),
        ("cam", "cambridge_aachen", None),
        ("genkt_p-1.0", "genkt", -1.0),
        ("genkt_p+0.0", "genkt", 0.0),
        ("genkt_p+1.0", "genkt", 1.0),
    ],
)
def test_answers_kept_by_go_hep(test_data, name, algorithm, power, radius):
    folder = test_data / "fastjet"
    event = np.loadtxt(folder / "go-hep__hep__single-pp-event.dat")
    answer = np.loadtxt(folder / f"go-hep__hep__{name}_r{radius:.1f}_escheme_best.ref")

    events = events_of([event], CARTESIAN)
    jets = cluster(events, algorithm=algorithm, radius=radius, power=power)[0]
    pt_min = answer[:, 3].min() * (1 - 1e-9)
    assert_printed_jets(jets, answer[:, 1:], pt_min)


@pytest.mark.data
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "name",
    [
        "graeme-a-stewart__JetReconstructionBenchmarks.jl__events-pp-0.5TeV-5GeV.hepmc3.gz",
        "scikit-hep__pyhepmc__eposlhc_large.dat",
    ],
)
def test_events_of_other_generators(fastjet, test_data, name, algorithm):
    events = read_hepmc3(test_data / "hepmc" / name)
    assert ak.all(ak.num(events) > 10)
    assert_same_jets(fastjet, events, algorithm, 0.8)
