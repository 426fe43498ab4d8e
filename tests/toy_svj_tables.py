"""Tables of semi-visible jets: three features, of which the signal has more."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

#: Small, but with everything: two processes, a grid of four, data, both planes.
TINY_SVJ = {
    "search": "svj",
    "luminosity_ifb": 1.0,
    "background": {
        "qcd": {"files": ["qcd.parquet"], "content": "table"},
        "top": {"files": ["top.parquet"], "content": "table", "uncertainty": 0.2},
    },
    "signal": [
        {
            "files": [f"mz{mass}_{r_inv}.parquet"], "content": "table",
            "z_prime_mass_gev": mass, "r_inv": r_inv, "cross_section_pb": 2.0,
        }
        for mass in (1000, 1500)
        for r_inv in (0.3, 0.6)
    ],
    "tagger": None,
    "features": ["a", "b", "c"],
    "mass_edges_gev": [650, 1000, 1500, 3000],
    "training": {
        "hidden": [16, 16], "epochs": 15, "steps": 4, "batch_events": None,
        "learning_rate": 1e-2, "cuts_per_step": 4,
    },
    "scan": {"cuts": 9, "p_value_min": 0.01, "plateau": 0, "non_closure_max": 0.3},
    "scan_variances": "simulation",
}  # fmt: skip


def svj_table(seed, events, *, total, shift=0.0, mass=None, rho=0.0, slope=0.0):
    """Make events; `total` is what the weights sum to [pb], none if it is None.

    `rho` relates the first two features, `slope` the third one to M_T.
    """
    random = np.random.default_rng(seed)
    m_t = 650 + random.exponential(350, events)
    if mass is not None:
        m_t = np.maximum(random.normal(0.9 * mass, 80, events), 651)
    features = random.normal(size=(events, 3))
    features[:, 1] = rho * features[:, 0] + np.sqrt(1 - rho**2) * features[:, 1]
    features += shift * np.array([2.0, 2.0, 1.0])
    features[:, 2] += slope * (m_t - 1000) / 350
    columns = {
        "transverse_mass": m_t,
        "delta_eta": random.uniform(0, 3.3, events),
        "a": features[:, 0],
        "b": features[:, 1],
        "c": features[:, 2],
    }
    if total is not None:
        weight = random.uniform(0.5, 1.5, events)
        columns["weight"] = weight * total / weight.sum()
    return pa.table(columns)


def write_svj(directory, *, events=6000, data_role=None):
    """Write all samples; data are background alone."""
    tables = {
        "qcd": svj_table(1, events, total=6.0),
        "top": svj_table(2, events // 2, total=3.0, shift=0.1),
        "data": svj_table(3, events, total=None),
    }
    for i, mass in enumerate((1000, 1500)):
        for j, r_inv in enumerate((0.3, 0.6)):
            tables[f"mz{mass}_{r_inv}"] = svj_table(
                10 + 2 * i + j, events // 6, total=1.0, shift=1.0, mass=mass
            )
    for name, table in tables.items():
        pq.write_table(table, directory / f"{name}.parquet")
    if data_role is None:
        return TINY_SVJ
    data = {"files": ["data.parquet"], "content": "table", "role": data_role}
    return TINY_SVJ | {"data": data}
