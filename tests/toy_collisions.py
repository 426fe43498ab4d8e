"""Mono-jet events of a few lines: fast enough to search many times in a test."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.events import Events

PARTICLES = 24

# Learns what `toy_events` differ in, within seconds.
TINY_SEARCH = {
    "seed": 5,
    "network": {"blocks": [[8], [8]], "neighbours": 4, "dense": [8]},
    "training": {"folds": 2, "epochs": 5, "batch_size": 32},
    "counting": {"cr_efficiency": 0.05},
}


def toy_events(
    num_background: int, num_signal: int = 0, *, seed: int, role: str = "mc"
) -> Events:
    """Make events of one jet against missing momentum; signal jets are narrower.

    Truth names the process; `id` is that of a detector, with run = seed.
    """
    random = np.random.default_rng(seed)
    size = num_background + num_signal
    is_signal = random.permutation(np.arange(size) < num_signal)
    axis = random.uniform(-np.pi, np.pi, size)
    width = np.where(is_signal, 0.06, 0.2)[:, np.newaxis]
    shape = (size, PARTICLES)
    fraction = random.dirichlet(np.ones(PARTICLES), size)
    jet_pt = 260 + random.exponential(60, size)
    particles = ak.zip(
        {
            "pt": (fraction * jet_pt[:, np.newaxis] + 0.1).astype(np.float32),
            "eta": random.normal(0, width, shape).astype(np.float32),
            "phi": _wrapped(axis[:, np.newaxis] + random.normal(0, width, shape)),
            "mass": np.zeros(shape, np.float32),
        }
    )
    return Events(
        ak.Array(
            {
                "particles": particles,
                "leptons": _no_leptons(size),
                "met": ak.zip(
                    {
                        "pt": (jet_pt + random.normal(0, 5, size)).astype(np.float32),
                        "phi": _wrapped(axis + np.pi),
                        "contains_muons": np.zeros(size, bool),
                    }
                ),
                "weight": np.ones(size),
                "id": ak.zip(
                    {
                        "run": np.full(size, seed),
                        "lumi": np.zeros(size, np.int64),
                        "event": np.arange(size),
                    }
                ),
                "truth": ak.zip(
                    {"process": np.where(is_signal, "narrow_jet", "wide_jet")}
                ),
            }
        ),
        role=role,
    )


def _wrapped(azimuth: np.ndarray) -> np.ndarray:
    return ((azimuth + np.pi) % (2 * np.pi) - np.pi).astype(np.float32)


def _no_leptons(size: int) -> ak.Array:
    names = ("pt", "eta", "phi", "mass", "isolation")
    columns = {name: np.zeros(0, np.float32) for name in names}
    columns |= {name: np.zeros(0, np.int8) for name in ("flavour", "charge")}
    return ak.unflatten(ak.zip(columns), np.zeros(size, np.int64))
