"""A search for semi-visible jets on simulated samples: does it close, what does it reach?

Samples, each into a folder of its name under --data:

    oddjet simulate-weighted qcd_weighted --generated 3000 --responses 2 --seed 11 -o qcd_seed11
    oddjet simulate-weighted ttbar_weighted --generated 12000 --files 4 --responses 2 --seed 3 -o ttbar
    (wjet_weighted, zjet_weighted alike into wjet, zjet; further qcd_seed*)
    oddjet simulate-grid --mass 1000 --mass 1500 --mass 2000 --r-inv 0.3 --r-inv 0.6 -n 1000 --seed 3 -o signal

Then

    python bench/svj_search.py --data runs/svj_samples --output runs/svj --tagger

and, for the precision that so few events cannot show, a toy of Gaussian features that
are related to each other and to M_T (tests/toy_svj_tables.py), with pseudo-data:

    python bench/svj_search.py --toy 240000 --output runs/svj_toy
"""  # noqa: E501 - commands to copy

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import yaml

from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.searches import Svj
from oddjet.searches.event_table import read_event_table
from oddjet.searches.table_source import TABLE

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import toy_svj_tables as toy  # the one definition, with the tests

#: Planes split at 1.5 instead of 2.2: beyond, simulation has hardly any event.
PLANES_AT = 1.5
LUMINOSITY = 138.0
UNCERTAINTY = {"qcd": 0.2, "ttbar": 0.1, "wjet": 0.1, "zjet": 0.1}


def grid_of(data: Path) -> list[dict]:
    """Every point of the signal with all of its files."""
    grid: dict[tuple[float, float], list[str]] = {}
    for path in sorted((data / "signal").glob("*.parquet")):
        mass, r_inv = re.search(r"_mz(\d+)_.*_rinv([\d.]+)_n", path.name).groups()
        grid.setdefault((float(mass), float(r_inv)), []).append(str(path))
    return [
        {"files": files, "z_prime_mass_gev": mass, "r_inv": r_inv}
        for (mass, r_inv), files in sorted(grid.items())
    ]


def configuration(data: Path, seed: int, *, tagger: bool) -> dict:
    """Every limit is on a cross section of 1 pb: mu is the limit in picobarn."""
    qcd = sorted(data.glob("qcd_seed*/*.parquet"))
    files = {"qcd": qcd} | {
        name: sorted((data / name).glob("*.parquet"))
        for name in ("ttbar", "wjet", "zjet")
    }
    network = {"blocks": [[32, 32], [32, 32], [64, 64]], "fusion": 64, "dense": 64}
    return {
        "search": "svj",
        "seed": seed,
        "luminosity_ifb": LUMINOSITY,
        "background": {
            name: {
                "files": [str(path) for path in paths],
                "scale": _scale(paths),
                "uncertainty": UNCERTAINTY[name],
            }
            for name, paths in files.items()
            if paths
        },
        "signal": grid_of(data),
        "selection": {"delta_eta_max": PLANES_AT},
        "tagger": {"network": network, "training": {"folds": 2, "epochs": 6}}
        if tagger
        else None,
        "mass_edges_gev": [650, 900, 3000],
        "non_closure_max": 0.1,
        "training": {
            "hidden": [32, 32],
            "epochs": 60,
            "batch_events": None,
            "learning_rate": 3e-3,
        },
        "scan": {
            "p_value_min": 0.05,
            "plateau": 0,
            "non_closure_max": 0.2,
            "cuts": 17,
        },
        "scan_variances": "simulation",
        "toys": 2000,
    }


def _scale(paths: list[Path]) -> float:
    """All files of a seed sum to the cross section; take those that are there."""
    promised = int(re.search(r"of(\d+)\.parquet", paths[0].name).group(1))
    return promised / len(paths)


def toy_grid(folder: Path, events: int, seed: int) -> list[dict]:
    """Signals of six points, each with a twentieth of the background's events."""
    points = []
    for number, (mass, r_inv) in enumerate(
        (mass, r_inv) for mass in (1000, 1500, 2500) for r_inv in (0.3, 0.6)
    ):
        path = folder / f"mz{mass}_{r_inv}.parquet"
        table = toy.svj_table(
            seed + 20 + number, events // 20, total=1.0, shift=1.5 - r_inv / 2,
            mass=mass,
        )  # fmt: skip
        pq.write_table(table, path)
        points.append(
            {
                "files": [path.name],
                "content": "table",
                "z_prime_mass_gev": mass,
                "r_inv": r_inv,
                # Half a percent of the background.
                "cross_section_pb": events / 200_000,
            }
        )
    return points


def toy_configuration(folder: Path, events: int, seed: int) -> dict:
    """Two processes that are related differently; of data as many as of simulation.

    At 1 /fb the weights sum to the number of events.
    """
    related = {
        "qcd": {"rho": 0.6, "slope": 0.3},
        "top": {"rho": 0.3, "slope": 0.5, "shift": 0.2},
    }
    share = {"qcd": 2 / 3, "top": 1 / 3}
    files = {}
    for i, (name, options) in enumerate(related.items()):
        number = int(share[name] * events)
        made = toy.svj_table(seed + i, number, total=number / 1000, **options)
        data = toy.svj_table(seed + 10 + i, number, total=None, **options)
        pq.write_table(made, folder / f"{name}.parquet")
        pq.write_table(data, folder / f"data_{name}.parquet")
        files[name] = {
            "files": [f"{name}.parquet"],
            "content": "table",
            "uncertainty": UNCERTAINTY["qcd"],
        }
    return {
        "search": "svj",
        "seed": seed,
        "luminosity_ifb": 1.0,
        "background": files,
        "signal": toy_grid(folder, events, seed),
        "data": {
            "files": ["data_*.parquet"],
            "content": "table",
            "role": "pseudo-data",
        },
        "tagger": None,
        "features": ["a", "b", "c"],
        "mass_edges_gev": [650, 800, 1000, 1250, 1600, 2000, 4000],
        "training": {
            "hidden": [32, 32],
            "epochs": 40,
            "batch_events": None,
            "cuts_per_step": 4,
            "learning_rate": 5e-3,
        },
        # On simulation as few as the data a p-value measures luck too.
        "scan": {"p_value_min": 0.05},
        "scan_variances": "simulation",
        "toys": 2000,
    }


def worth(table: Path, delta_eta_max: float) -> dict:
    """Selected events, what they weigh, and how many of equal weight they are worth."""
    found = {}
    events = read_event_table(table / TABLE)
    inside = events.columns["delta_eta"] < delta_eta_max
    for plane, rows in (("SP", inside), ("VP", ~inside)):
        weight = events.weights[rows]
        _, place = np.unique(events.source[rows], return_inverse=True)
        together = np.bincount(place, weight, minlength=1)
        squares = float((together**2).sum())
        found[plane] = {
            "events": len(weight),
            "generated_events": int(len(together) if len(weight) else 0),
            "n_eff": float(weight.sum()) ** 2 / squares if squares else 0.0,
        }
    return found


def summary(results: dict, sample: str, samples: dict, seconds: float) -> dict:
    planes = results["planes"] or {}
    return {
        "sample": sample,
        "tagger": results["areas"] is not None,
        "seed": results["seed"],
        "status": results["status"],
        "reason": results.get("reason"),
        "cpu_seconds": seconds,
        "samples": samples,
        "working_point": results["working_point"],
        "closure": {
            plane: {
                "effective_events": each["effective_events"],
                "p_value": each["binned"]["p_value"],
                "processes": {
                    name: [found["non_closure"], found["non_closure_error"]]
                    for name, found in each["closures"].items()
                },
            }
            for plane, each in planes.items()
        },
        "limits_pb": {
            point["name"]: {
                "expected": point["expected"],
                "significance_of_1_pb": point["expected_significance"],
                "toys": point.get("toys"),
                "observed": point["observed"],
                "local_significance": point["significance"],
                "reason": point["reason"],
            }
            for point in results["points"]
        },
        "areas": results["areas"],
        "data": {
            plane: each["binned"]["total"]["non_closure"]
            for plane, each in (results["data"] or {}).items()
        },
        "unmet": (results["training"] or {}).get("unmet"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the samples")
    parser.add_argument("--toy", type=int, help="background events of the toy instead")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tagger", action="store_true", help="train LundNet too")
    parser.add_argument("--results", type=Path, help="rows are added to this file")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.toy:
        config = toy_configuration(options.output, options.toy, options.seed)
    else:
        config = configuration(
            options.data.absolute(), options.seed, tagger=options.tagger
        )
    path = options.output / "svj.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    started = time.process_time()
    search = Svj.from_yaml(path)
    root = options.output / "run"
    with Progress() as progress:
        results = search.run(root, progress=progress)
    seconds = time.process_time() - started
    sample = f"toy of {options.toy:,} events" if options.toy else "Pythia 8"
    delta_eta_max = search.config.selection.delta_eta_max
    samples = {
        name: worth(root / "stages" / name, delta_eta_max) for name in search.samples
    }
    row = summary(results, sample, samples, seconds)
    print(json.dumps(row, indent=1))
    if options.results:
        rows = []
        if options.results.exists():
            rows = json.loads(options.results.read_text())["rows"]
        content = {
            "theme": "svj_search",
            "made_with": provenance(),
            "wanted": "1,000 effective events a region, chi2 p in 1-99 %",
            "rows": [*rows, row],
        }
        options.results.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
