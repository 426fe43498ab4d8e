"""What one full pass of a dijet search costs, and what two Dask workers save.

    python bench/bench_dijet_pass.py --parts pass --events 30000 --full 300000
    python bench/bench_dijet_pass.py --parts dask

* pass: every task of one window (cpu presets, the 64-64-64 network, 5 folds x 10 seeds,
  the largest feature set) in CPU seconds, at `--events` events. All of them are linear
  in the events, so that a pass over `--full` events, all windows with enough of them, 3
  feature sets and 2 templates follows; extrapolated, and said so in the result.
* dask: the same eight tasks on one worker and on two. Where others use the machine,
  wall times say little; 2 x (CPU on one) / (CPU on two) is the speed-up that two free
  cores would see.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from dijet_toys import falling_masses, table_of
from oddjet.campaigns.campaign import run_campaign
from oddjet.campaigns.dask_crew import dask_crew
from oddjet.campaigns.task import Task
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.digests import digest_file
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.searches.dijet_closure import template_closure
from oddjet.searches.dijet_hunts import hunt
from oddjet.searches.dijet_tasks import copied, make_template, score, train
from oddjet.searches.event_table import write_event_table
from oddjet.searches.table_source import TABLE
from oddjet.stats.bump_hunt import Window, scan_windows

FEATURES, FOLDS, SEEDS, SETS, EFFICIENCIES = 6, 5, 10, 3, (0.1, 0.02)
LOW, HIGH, WINDOW = 2000.0, 5600.0, Window(2600.0, 3200.0)


def main() -> None:
    options = _options()
    report: dict[str, Any] = {}
    if options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    for part in options.parts:
        report[part] = PARTS[part](options)
        report |= {
            "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
            "made_with": provenance(),
        }
        options.results.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        print(part, json.dumps(report[part], indent=1), flush=True)


def _pass(options: argparse.Namespace) -> dict[str, Any]:
    random = np.random.default_rng(1)
    tables = {}
    for name, shift in (("data", 0.0), ("simulation", 0.1)):
        mass = falling_masses(random, options.events, LOW, HIGH)
        features = random.normal(shift, 1.0, (len(mass), FEATURES))
        features[:, 0] += 0.3 * (mass - 2900) / 900
        tables[name] = table_of(mass, features)
    seconds, epochs = {}, {}
    for method in ("salad", "curtains"):
        seconds[method], epochs[method] = _window_seconds(tables, method)
        print(method, seconds[method], flush=True)
    edges = WINDOW.edges_gev
    here = _share(edges[0], edges[-1])
    windows = [w for w in scan_windows() if _is_full(w, options.full)]
    shares = [_share(w.edges_gev[0], w.edges_gev[-1]) / here for w in windows]
    of_window = sum(sum(part.values()) for part in seconds.values())
    hours = of_window * SETS * sum(shares) * options.full / options.events / 3600
    return {
        "events": options.events,
        "seconds_cpu_of_a_window": seconds,
        "median_best_epoch": epochs,
        "full_events": options.full,
        "windows": [[w.low_gev, w.high_gev] for w in windows],
        "extrapolated": {"cpu_hours": hours, "hours_on_two_cores": hours / 2},
        "wanted_hours_on_two_cores": 3,
    }


def _share(low: float, high: float) -> float:
    power = -3.0
    return float((low**power - high**power) / (LOW**power - HIGH**power))


def _is_full(window: Window, events: int) -> bool:
    """Tell whether the last bin of the high sideband holds more than 10 at 2 %."""
    low, high = window.edges_gev[-2:]
    return high <= HIGH and events * _share(low, high) * min(EFFICIENCIES) > 10


def _window_seconds(
    tables: dict[str, Any], method: str
) -> tuple[dict[str, float], float]:
    quiet, seconds = Progress.silent(), {}
    shared = {
        "window": WINDOW, "mass": "mass_jj", "folds": FOLDS,
        "features": [f"x{i}" for i in range(FEATURES)],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        names = (*tables, "template", "closure", "networks", "scores", "hunt")
        places = {name: Path(directory) / name for name in names}
        for name, place in places.items():
            place.mkdir()
            if name in tables:
                write_event_table(place / TABLE, tables[name])
        read = {"events": places["data"], "networks": places["networks"]}
        needs = ("data", "simulation") if method == "salad" else ("data",)
        given = {name: places[name] for name in needs}
        calls = {
            "template": lambda: make_template(
                places["template"], given, quiet, method=method, preset="cpu",
                seed=1, **shared,
            ),
            "closure": lambda: template_closure(
                places["closure"], places, quiet, seed=1, **shared
            ),
            "networks": lambda: train(
                places["networks"], places, quiet, seeds=SEEDS,
                classifier=ClassifierConfig(), seed=1, **shared,
            ),
            "scores": lambda: score(places["scores"], read, quiet, **shared),
            "hunts": lambda: [
                hunt(
                    places["hunt"], places, quiet, window=WINDOW, ensemble="median",
                    efficiency=efficiency, statistical_error="poisson",
                    high_sideband_min=-1.0,
                    collision_energy_gev=13_000.0, blinded=False,
                )
                for efficiency in EFFICIENCIES
            ],
        }  # fmt: skip
        for name, call in calls.items():
            started = time.process_time()
            call()
            seconds[name] = time.process_time() - started
        with np.load(places["networks"] / "networks.npz") as stored:
            best = float(np.median(stored["best_epoch"]))
    return seconds, best


def _dask(_: argparse.Namespace) -> dict[str, Any]:
    random = np.random.default_rng(2)
    mass = falling_masses(random, 12_000, 2000.0, 3800.0)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_event_table(
            root / TABLE, table_of(mass, random.normal(size=(len(mass), 4)))
        )
        found: dict[str, Any] = {}
        for workers in (1, 2):
            before, started = _children(), time.perf_counter()
            with dask_crew("local", workers=workers) as crew:
                ready = time.perf_counter()
                run_campaign(root / f"on-{workers}", _tasks(root / TABLE), crew=crew)
                wall = time.perf_counter() - ready
            found[f"workers_{workers}"] = {
                "wall_s": wall,
                "start_s": ready - started,
                "cpu_s": _children() - before,
            }
    one, two = found["workers_1"], found["workers_2"]
    return found | {
        "wall_ratio": one["wall_s"] / two["wall_s"],
        "cpu_ratio_times_two": 2 * one["cpu_s"] / two["cpu_s"],
        "wanted": 1.8,
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tasks(table: Path) -> list[Task]:
    """Train the networks of one window eight times, with other seeds."""
    data = Task("table", copied, {"sample": ""}, sources={"table": digest_file(table)},
                untracked={"table": str(table)})  # fmt: skip
    shared = {
        "window": WINDOW, "mass": "mass_jj", "folds": FOLDS,
        "features": ["x0", "x1", "x2", "x3"],
    }  # fmt: skip
    template = Task(
        "template",
        make_template,
        {**shared, "method": "sideband", "preset": "cpu", "seed": 1},
        {"data": data},
    )
    config = ClassifierConfig(epochs=10, patience=10)
    return [
        Task(
            "networks",
            train,
            {**shared, "seeds": 3, "classifier": config, "seed": seed},
            {"data": data, "template": template},
        )
        for seed in range(8)
    ]


PARTS = {"pass": _pass, "dask": _dask}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--full", type=int, default=300_000)
    results = Path(__file__).parent / "results" / "dijet_pass_epyc_202611.json"
    parser.add_argument("--results", type=Path, default=results)
    return parser.parse_args()


if __name__ == "__main__":
    main()
