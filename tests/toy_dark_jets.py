"""Dijets of a large mass: narrow jets (background), or wide ones (signal)."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.events import Events

CONSTITUENTS = 12
#: Spread of the constituents about their axis.
NARROW, WIDE = 0.03, 0.12


def toy_dark_jets(count, *, seed, signal=False, tilt=0.0):
    """Two central jets back to back whose mass lies between 4 and 6 TeV.

    With `tilt`, background jets widen with the mass: an image then knows it.
    """
    random = np.random.default_rng(seed)
    mass = (
        random.normal(5100, 250, count) if signal else random.uniform(4200, 6000, count)
    )
    phi = random.uniform(-np.pi, np.pi, count)
    width = np.full(count, WIDE if signal else NARROW) + tilt * (mass - 5100) / 1000
    parts = [_jet(random, mass / 2, phi + turn, width) for turn in (0.0, np.pi)]
    columns = {
        name: np.concatenate([part[name] for part in parts], axis=1)
        for name in parts[0]
    }
    ids = {"run": np.full(count, seed), "lumi": np.zeros(count, np.int64)}
    return Events(
        ak.zip(
            {
                "particles": ak.from_regular(
                    ak.zip(columns, with_name="Momentum4D"), axis=1
                ),
                "weight": np.ones(count),
                "id": ak.zip(ids | {"event": np.arange(count)}),
            },
            depth_limit=1,
        ),
        role="mc",
    )


def _jet(random, pt, phi, width):
    shape = (len(pt), CONSTITUENTS)
    wide = np.abs(width)[:, None]
    turned = phi[:, None] + wide * random.normal(size=shape)
    return {
        "pt": random.dirichlet(np.full(CONSTITUENTS, 3.0), shape[0]) * pt[:, None],
        "eta": wide * random.normal(size=shape),
        "phi": (turned + np.pi) % (2 * np.pi) - np.pi,
        "mass": np.zeros(shape),
    }
