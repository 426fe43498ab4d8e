"""A falling mass spectrum with features that know nothing of it, and a bump."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

#: Small, but with everything: two windows, two templates, folds and seeds.
TINY_DIJET = {
    "search": "dijet",
    "data": {"files": ["data.parquet"], "content": "table", "role": "pseudo-data"},
    "simulation": {"files": ["simulation.parquet"], "content": "table"},
    "scan": {"first_gev": 2600, "last_gev": 3500, "num_bins": 30},
    "feature_sets": {"both": ["a", "b"]},
    "templates": ["sideband", "salad"],
    "efficiencies": [0.2],
    "folds": 3,
    "seeds": 2,
    "classifier": {
        "hidden": [16, 16], "dropout": 0.0, "epochs": 8, "patience": 4,
        "learning_rate": 5e-3,
    },
    "pseudo_experiments": 20,
}  # fmt: skip


def masses(random, events):
    """Masses between 1.9 and 4.3 TeV that fall as dijets do."""
    fraction = random.random(events)
    low, high, power = 1900.0, 4300.0, -3.0
    edge = low**power + fraction * (high**power - low**power)
    return edge ** (1 / power)


def dijet_table(seed, events, *, signal=0, shift=0.0):
    """Two features; the signal at 2.9 TeV lies in one corner of them."""
    random = np.random.default_rng(seed)
    mass = np.concatenate([masses(random, events), random.normal(2900, 60, signal)])
    features = random.normal(shift, 1.0, (events + signal, 2))
    features[events:] = random.normal(2.0, 0.3, (signal, 2))
    order = random.permutation(len(mass))
    columns = {"mass_jj": mass, "a": features[:, 0], "b": features[:, 1]}
    return pa.table({name: column[order] for name, column in columns.items()})


def write_dijets(directory, *, signal=0, events=60_000):
    """Write data and a simulation that is off by a tenth of a standard deviation."""
    pq.write_table(dijet_table(1, events, signal=signal), directory / "data.parquet")
    pq.write_table(dijet_table(2, events, shift=0.1), directory / "simulation.parquet")
