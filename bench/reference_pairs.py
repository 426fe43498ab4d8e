"""Pairs of jets of an independent Pythia 8 chain, as events with two jets.

The jets of `reference_pools.py` in twos, the second turned until it is opposite to the
first: no dijets of any process, but images of simulated jets, 30,000 of Z + jets and
2,250 of semi-visible ones, that spare hours of generation.
"""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.io import read, write_events
from reference_pools import reference_pool

#: Of the pairs: the mass has its median at 750 GeV, of semi-visible ones at 900 GeV.
WINDOWS = {
    "variable": "mass_jj",
    "signal_region": [600, 1200],
    "sidebands": [[450, 600], [1200, 1800]],
}
SELECTION = {"jet_pt_min_gev": 150.0, "jet_abs_eta_max": 2.5}


def reference_pairs(name: str, directory: Path) -> str:
    """Write a sample of pairs, if it is not there.

    Parameters
    ----------
    name : "zjet" or "svj"
    directory : Path
        Takes pairs-NAME.parquet.

    Returns
    -------
    str
        Name of the file in `directory`.

    Raises
    ------
    UserError
        The reference files are not here.
    """
    path = directory / f"pairs-{name}.parquet"
    if not path.exists():
        events = read(str(directory / reference_pool(name, directory)))
        write_events(path, _pairs(events))
    return path.name


def _pairs(events: Events) -> Events:
    """Put the jets of the events 2k and 2k + 1 together."""
    even = 2 * (len(events) // 2)
    first, second = (events.array[start:even:2] for start in (0, 1))
    directions = [_azimuth(part.particles) for part in (first, second)]
    turned = second.particles.phi + (np.pi + directions[0] - directions[1])
    other = ak.with_field(
        second.particles, (turned + np.pi) % (2 * np.pi) - np.pi, "phi"
    )
    return Events(
        ak.zip(
            {
                "particles": ak.concatenate([first.particles, other], axis=1),
                "weight": first.weight,
                "id": first.id,
            },
            depth_limit=1,
        ),
        role="mc",
    )


def _azimuth(particles: ak.Array) -> np.ndarray:
    x, y = (
        ak.to_numpy(ak.sum(particles.pt * turn(particles.phi), axis=1))
        for turn in (np.cos, np.sin)
    )
    return np.arctan2(y, x)
