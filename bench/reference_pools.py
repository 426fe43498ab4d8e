"""Jets of an independent Pythia 8 chain as events: `python bench/reference_pools.py`.

$ODDJET_TEST_DATA/monojet holds leading anti-kt R = 0.8 jets of events that another
chain has selected: 60,000 of Z(nu nu), 4,500 semi-visible ones. A study takes them as
they are (`SELECTION`), which spares the simulation of such pools.

    python bench/reference_pools.py --directory runs/pools
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.io import write_events
from oddjet.runs.errors import UserError

#: They are selected already, and only the leading fat jet is left of each event.
SELECTION = {
    "met_min_gev": 0.0,
    "leading_jet_pt_min_gev": 0.0,
    "leading_jet_abs_eta_max": 10.0,
    "delta_phi_min": 0.0,
    "additional_jets_max": 100,
}
_RUNS = {"zjet": 1, "svj": 2, "tt": 3, "vv": 4}


def reference_pool(name: str, directory: Path) -> str:
    """Write a sample of the reference chain as events, if it is not there.

    Parameters
    ----------
    name : "zjet", "svj", "tt" or "vv"
    directory : Path
        Takes reference-NAME.parquet.

    Returns
    -------
    str
        Name of the file in `directory`.

    Raises
    ------
    UserError
        The reference files are not here.
    """
    path = directory / f"reference-{name}.parquet"
    if not path.exists():
        source = Path(os.environ.get("ODDJET_TEST_DATA", "")) / "monojet"
        if not (source / f"{name}.npz").exists():
            message = f"{source} holds no {name}.npz; set ODDJET_TEST_DATA"
            raise UserError(message)
        with np.load(source / f"{name}.npz") as file:
            write_events(path, _events(file, run=_RUNS[name]))
    return path.name


def _events(file: np.lib.npyio.NpzFile, *, run: int) -> Events:
    size, slots = file["pt"].shape
    counts = np.minimum(file["n"], slots)
    kept = np.arange(slots) < counts[:, np.newaxis]
    jet = file["jet"].astype(np.float32)

    def constituents(values: np.ndarray) -> ak.Array:
        return ak.unflatten(values.astype(np.float32)[kept], counts)

    azimuth = jet[:, 2:3] + file["dphi"].astype(np.float32)
    particles = ak.zip(
        {
            "pt": constituents(file["pt"]),
            "eta": constituents(jet[:, 1:2] + file["deta"].astype(np.float32)),
            "phi": constituents((azimuth + np.pi) % (2 * np.pi) - np.pi),
            "mass": constituents(np.zeros((size, slots))),
        }
    )
    leptons = {
        "pt": np.zeros(0, np.float32),
        "flavour": np.zeros(0, np.int8),
    }
    array = ak.Array(
        {
            "particles": particles,
            "leptons": ak.unflatten(ak.zip(leptons), np.zeros(size, np.int64)),
            "met": ak.zip({"pt": file["met"], "phi": file["metphi"]}),
            "weight": np.ones(size),
            "id": ak.zip(
                {
                    "run": np.full(size, run),
                    "lumi": np.zeros(size, np.int64),
                    "event": np.arange(size),
                }
            ),
        }
    )
    return Events(array, role="mc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path("runs/pools"))
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for name in _RUNS:
        print(options.directory / reference_pool(name, options.directory))


if __name__ == "__main__":
    main()
