"""Events to test kernels on: random, awkward in every sense, and generated."""

from __future__ import annotations

import functools
import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import strategies as st

CARTESIAN = ("px", "py", "pz", "energy")
CYLINDRICAL = ("pt", "eta", "phi", "mass")


def events_of(rows, names=CYLINDRICAL, dtype=np.float64):
    """One list of records per event, from lists of rows; typed even when empty."""
    counts = [len(event) for event in rows]
    flat = np.array([row for event in rows for row in event], dtype)
    flat = flat.reshape(-1, len(names))
    records = ak.zip(
        {n: flat[:, i] for i, n in enumerate(names)}, with_name="Momentum4D"
    )
    return ak.unflatten(records, np.array(counts, np.int64))


def cartesian(events):
    columns = [ak.to_numpy(ak.flatten(getattr(events, name))) for name in CARTESIAN]
    flat = np.stack(columns, axis=-1)
    return np.split(flat, np.cumsum(ak.num(events)))[:-1] if len(events) else []


def members(jets):
    """Of each event the set of its jets, each a set of particles."""
    return [
        {frozenset(jet) for jet in event} for event in jets.constituent_index.tolist()
    ]


def random_events(count, particles, *, seed=1):
    """Events without ties: soft, wide, massive particles at continuous angles."""
    random = np.random.default_rng(seed)
    shape = (count, particles)
    rows = np.stack(
        [
            random.exponential(5.0, shape) + 1e-3,
            random.normal(0.0, 2.0, shape),
            random.uniform(-math.pi, math.pi, shape),
            random.choice([0.0, 0.13957, 0.93827], shape),
        ],
        axis=-1,
    )
    return events_of(rows.tolist())


_PT = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 50.0]), st.floats(1e-3, 1e4))
_ANGLE = st.one_of(st.sampled_from([0.0, 0.25, 0.5, -0.25]), st.floats(-math.pi, 3.14))
_MASS = st.sampled_from([0.0, 0.0, 0.13957, 4.0])
_PARTICLE = st.tuples(_PT, st.floats(-6.0, 6.0) | _ANGLE, _ANGLE, _MASS)


@st.composite
def hard_cases(draw, max_size=12):
    """One event: empty, or with coincident, collinear, zero-pt, massive particles."""
    event = draw(st.lists(_PARTICLE, max_size=max_size))
    if event:
        copies = draw(st.lists(st.sampled_from(event), max_size=3))
        stretch = draw(st.sampled_from([1.0, 0.5, 1e-9]))
        event += [(pt * stretch, eta, phi, mass) for pt, eta, phi, mass in copies]
    return event


@functools.cache
def generated_events(count, *, seed=1):
    """QCD dijets of pT > 200 GeV with underlying event: visible final particles."""
    pythia8mc = pytest.importorskip("pythia8mc")
    pythia = pythia8mc.Pythia("", False)
    for setting in (
        "Print:quiet = on",
        "HardQCD:all = on",
        "PhaseSpace:pTHatMin = 200",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
    ):
        pythia.readString(setting)
    pythia.init()
    particles = pythia.nextBatch(count).prt
    neutrino = np.isin(abs(ak.to_numpy(ak.flatten(particles.id))), (12, 14, 16))
    neutrino = ak.unflatten(neutrino, ak.num(particles))
    p = particles[(particles.status > 0) & ~neutrino].p
    momenta = {"px": p.px, "py": p.py, "pz": p.pz, "energy": p.e}
    return ak.to_packed(ak.zip(momenta, with_name="Momentum4D"))


def jets_of(rows, names=CYLINDRICAL, dtype=np.float64):
    """Jets whose momenta are the sums of their constituents."""
    constituents = events_of(rows, names, dtype)
    sums = {name: ak.sum(getattr(constituents, name), axis=1) for name in CARTESIAN}
    jets = ak.zip(sums, with_name="Momentum4D")
    return ak.with_field(jets, constituents, "constituents")
