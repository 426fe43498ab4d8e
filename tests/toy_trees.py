"""Jets of one or two prongs for networks that read Lund trees."""

from __future__ import annotations

import awkward as ak
import numpy as np

from oddjet.features import LundTrees
from oddjet.jets import cluster
from oddjet.learn.models.lund_config import LundTreeConfig


def particles(counts, seed=1, *, prongs=1):
    """One cone of particles a jet, of one or two prongs."""
    rng = np.random.default_rng(seed)
    total = int(np.sum(counts))
    prong = rng.integers(0, prongs, total)
    columns = {
        "pt": rng.exponential(20, total) + 0.5,
        "eta": rng.normal(0, 0.08, total) + 0.5 * prong,
        "phi": rng.normal(0, 0.08, total) + 1.0,
        "mass": np.zeros(total),
    }
    return ak.unflatten(ak.zip(columns), counts)


def jets_of(counts, seed=1, *, prongs=1):
    found = cluster(particles(counts, seed, prongs=prongs), algorithm="ca", radius=10.0)
    return found[:, 0]


def tree_sample(count, config=None, *, seed=1, signal=0.5):
    """Trees of jets of which the signal has two prongs, and which are signal."""
    random = np.random.default_rng(seed)
    is_signal = random.random(count) < signal
    counts = random.integers(5, 20, count)
    # Two prongs are made by position, so all jets are drawn twice and one is taken.
    both = [jets_of(counts, seed + 1, prongs=prongs) for prongs in (1, 2)]
    place = np.argsort(
        np.concatenate([np.flatnonzero(~is_signal), np.flatnonzero(is_signal)])
    )
    jets = ak.concatenate([both[0][~is_signal], both[1][is_signal]])[place]
    return LundTrees.of(jets, config or LundTreeConfig()), is_signal
