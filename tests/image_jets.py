"""Jets to draw: made of rows, or of nothing but a seed."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np

import tolerances
from oddjet.images import jet_images
from particle_events import CYLINDRICAL, events_of


def jets_of(axes, constituents, names=CYLINDRICAL, dtype=np.float64):
    """Jets at (eta, phi), hardest first, of constituents (pt, eta, phi)."""
    momenta = {
        "pt": np.arange(len(axes), 0.0, -1.0),
        "eta": np.array([eta for eta, _ in axes], float),
        "phi": np.array([phi for _, phi in axes], float),
        "mass": np.zeros(len(axes)),
    }
    jets = ak.zip(momenta, with_name="Momentum4D")
    rows = [[(*row, 0.0) for row in jet] for jet in constituents]
    lists = events_of(rows, CYLINDRICAL, dtype)
    if names != CYLINDRICAL:
        lists = ak.zip({n: getattr(lists, n) for n in names}, with_name="Momentum4D")
    return ak.with_field(jets, lists, "constituents")


def jet_image(axis, constituents, **options):
    return jet_images(jets_of([axis], [constituents]), **options)[0]


def random_jets(count, *, seed=1, size=40):
    """Axes and rows (pt, eta, phi) of jets without ties or symmetries."""
    random = np.random.default_rng(seed)
    axes = np.stack(
        [random.uniform(-2, 2, count), random.uniform(-math.pi, math.pi, count)], -1
    )
    spread = random.normal(0.0, [0.2, 0.1], (count, size, 2))
    tilt = random.uniform(0, 2 * math.pi, count)[:, np.newaxis]
    away = np.stack(
        [
            np.cos(tilt) * spread[..., 0] - np.sin(tilt) * spread[..., 1],
            np.sin(tilt) * spread[..., 0] + np.cos(tilt) * spread[..., 1],
        ],
        -1,
    )
    pt = random.exponential(10.0, (count, size, 1)) + 0.1
    rows = np.concatenate([pt, axes[:, np.newaxis] + away], -1)
    return axes.tolist(), [[tuple(row) for row in jet] for jet in rows.tolist()]


def images_of(axes, rows, **options):
    return jet_images(jets_of(axes, rows), **options)


def assert_same_but_for_edges(one, other, pt=1e4):
    """Rounding may move a constituent over an edge, and no more than one in 10^4."""
    moved = np.abs(one - other) > tolerances.SINGLE * pt
    assert np.count_nonzero(moved) <= 1e-4 * np.count_nonzero(one)
    assert np.count_nonzero(one) > 0
