"""A tagger's sample: jets of W bosons and of QCD, `python bench/w_jets.py w_jets.npz`.

Pythia 8 at particle level, without multiparton interactions, which cost four times as
much and are no part of the question. The two hardest anti-kt R = 0.8 jets of an event
with pT in the window; of W bosons, those within 0.4 of one that decays to quarks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import awkward as ak
import numpy as np
import pythia8mc

import oddjet
from oddjet.features import FeatureSpec, constituent_features

SPEC = FeatureSpec()
PT_GEV = (350.0, 500.0)
COMMON = (
    "Print:quiet = on",
    "Beams:eCM = 13000",
    "PartonLevel:MPI = off",
    "PhaseSpace:pTHatMin = 340",
    "PhaseSpace:pTHatMax = 560",
    "Random:setSeed = on",
)
PROCESSES = {
    "w": (
        "WeakDoubleBoson:ffbar2WW = on",
        "24:onMode = off",
        "24:onIfAny = 1 2 3 4 5",
    ),
    "qcd": ("HardQCD:all = on",),
}
NEUTRINOS = (12, 14, 16)
HARD_PROCESS = 22


def batches(process, seed, size):
    pythia = pythia8mc.Pythia("", False)
    for setting in (*COMMON, *PROCESSES[process], f"Random:seed = {seed}"):
        assert pythia.readString(setting), setting
    assert pythia.init()
    while True:
        yield pythia.nextBatch(size).prt


def jets_of(records, process):
    """Jets in the window, of a process that has made them."""
    visible = records[records.status > 0]
    for code in NEUTRINOS:
        visible = visible[abs(visible.id) != code]
    momenta = ak.zip(
        {"px": visible.p.px, "py": visible.p.py, "pz": visible.p.pz, "E": visible.p.e},
        with_name="Momentum4D",
    )
    jets = oddjet.cluster(momenta, algorithm="antikt", radius=0.8, pt_min_gev=100.0)
    jets = jets[:, :2]
    kept = (jets.pt > PT_GEV[0]) & (jets.pt < PT_GEV[1]) & (abs(jets.eta) < 2.5)
    if process == "w":
        bosons = records[
            (abs(records.id) == 24) & (abs(records.status) == HARD_PROCESS)
        ]
        eta = np.arcsinh(bosons.p.pz / np.hypot(bosons.p.px, bosons.p.py))
        phi = np.arctan2(bosons.p.py, bosons.p.px)
        pairs = ak.cartesian(
            {"jet": jets, "w": ak.zip({"eta": eta, "phi": phi})}, nested=True
        )
        turn = (pairs.jet.phi - pairs.w.phi + np.pi) % (2 * np.pi) - np.pi
        near = np.hypot(pairs.jet.eta - pairs.w.eta, turn) < 0.4
        kept = kept & ak.any(near, axis=2)
    return ak.flatten(jets[kept])


def sample(process, count, seed, batch=200):
    """Features of `count` jets: values (count, 40, 7) and mask."""
    values, masks, have = [], [], 0
    for records in batches(process, seed, batch):
        some, mask = constituent_features(jets_of(records, process), SPEC)
        values.append(some)
        masks.append(mask)
        have += len(some)
        if have >= count:
            return np.concatenate(values)[:count], np.concatenate(masks)[:count]
    raise AssertionError


def w_jets(count, seed):
    """Values, mask and what they are, half and half and shuffled."""
    parts = [sample(process, count // 2, seed) for process in ("w", "qcd")]
    values, mask = (np.concatenate(both) for both in zip(*parts, strict=True))
    is_w = np.repeat([True, False], count // 2)
    order = np.random.default_rng(seed).permutation(len(is_w))
    return values[order], mask[order], is_w[order]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--jets", type=int, default=180_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    values, mask, is_w = w_jets(options.jets, options.seed)
    np.savez_compressed(options.path, values=values, mask=mask, is_w=is_w)


if __name__ == "__main__":
    main()
