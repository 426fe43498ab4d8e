"""Events of two fat jets and missing momentum, of one prong or (signal) of two."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.events import Events

PER_JET = 14


def toy_svj_events(count, *, seed, prongs=1, weight=1.0):
    """Pass the selection of semi-visible jets, a third of them in the VP."""
    random = np.random.default_rng(seed)
    phi = random.uniform(-np.pi, np.pi, count)
    gap = np.where(random.random(count) < 1 / 3, 2.8, random.uniform(0.2, 1.8, count))
    centre = random.normal(0, 0.3, count)
    axes = [(centre + gap / 2, phi), (centre - gap / 2, phi + np.pi)]
    parts = [_jet(random, *axis, prongs=prongs) for axis in axes]
    columns = {
        name: np.concatenate([part[name] for part in parts], axis=1)
        for name in parts[0]
    }
    pt = columns["pt"]
    # What is missing lies along the second jet; R_T falls with the mass of both.
    missing = pt[:, :PER_JET].sum(axis=1) - pt[:, PER_JET:].sum(axis=1)
    missing = missing + np.where(gap > 2, 700, 330)
    columns["phi"] = _wrapped(columns["phi"])
    ids = {"run": np.full(count, seed), "lumi": np.zeros(count, np.int64)}
    return Events(
        ak.zip(
            {
                "particles": ak.from_regular(
                    ak.zip(columns, with_name="Momentum4D"), axis=1
                ),
                "met": ak.zip({"pt": np.abs(missing), "phi": _wrapped(phi + np.pi)}),
                "weight": np.full(count, weight) * random.uniform(0.5, 1.5, count),
                "id": ak.zip(ids | {"event": np.arange(count)}),
            },
            depth_limit=1,
        ),
        role="mc",
    )


def _jet(random, eta, phi, *, prongs):
    shape = (len(eta), PER_JET)
    fraction = random.dirichlet(np.ones(PER_JET), shape[0])
    prong = random.integers(0, prongs, shape)
    return {
        "pt": fraction * random.uniform(420, 460, shape[0])[:, None] + 0.5,
        "eta": eta[:, None] + random.normal(0, 0.05, shape) + 0.5 * prong - 0.2,
        "phi": phi[:, None] + random.normal(0, 0.05, shape),
        "mass": np.zeros(shape),
    }


def _wrapped(phi):
    return (phi + np.pi) % (2 * np.pi) - np.pi
