"""Is a mono-jet search null where there is nothing, and does it find what there is?

Simulates Z(nu nu), Z(l l) and semi-visible jets and searches their mixtures with a
cheap network:

* permuted: labels of one sample permuted; mean 0 +- 0.3 and width 1 +- 0.2 to pass;
* assumption: Z(nu nu) jets against Z(l l) control jets, the leptons taken out; p > 1 %
  among permutations of the same jets to pass;
* trend: a signal fraction from 0 to 40 %.

    python bench/check_nulls.py --scale 1 --jobs 2

Scale 1 takes half an hour on one idle core. All values are kept.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.simulate.generate import simulate
from oddjet.stats.permutations import permutation_test
from oddjet.studies.config import StudyConfig
from oddjet.studies.tables import TableStudy

SAMPLES = {"znunu": ("zjet_nunu", 5000, 11), "zll": ("zjet_ll", 5000, 12)}
SAMPLES["svj"] = ("svj_monojet", 1500, 13)
CHEAP = {
    "cr_efficiency": 0.02,
    "rest": "zjet",
    "background": {"zjet": {"files": ["znunu.parquet"]}},
    "network": {"blocks": [[16, 16], [16]], "neighbours": 5, "dense": [16]},
}


def main() -> None:
    options = _options()
    options.directory.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "made_with": provenance(),
        "scale": options.scale,
    }
    with Progress() as progress:
        for name, (process, events, seed) in SAMPLES.items():
            path = options.directory / f"{name}.parquet"
            if not path.exists():
                simulate(
                    process,
                    num_events=round(events * options.scale),
                    seed=seed,
                    path=path,
                    jobs=options.jobs,
                    progress=progress,
                )
        for name, config in _studies(options.scale).items():
            started = time.process_time()
            study = TableStudy(StudyConfig(**config), base=options.directory)
            found = study.run(
                options.directory / name, jobs=options.jobs, progress=progress
            )
            report[name] = found["summary"]
            report[name]["cpu_seconds"] = time.process_time() - started
    options.results.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    sys.exit(not _passes(report))


def _studies(scale: float) -> dict[str, dict[str, Any]]:
    short = {"epochs": 4, "batch_size": 64}
    permuted = {"name": "permuted", "permute": True}
    control = {"zjet": {"files": ["zll.parquet"], "control": {"leptons": 2}}}
    size, larger = round(800 * scale), round(1000 * scale)
    return {
        "perm": CHEAP
        | {
            "seed": 1,
            "training": short,
            "rows": [permuted | {"n_sr": size, "repeats": 60}],
        },
        "assume": CHEAP
        | {
            "seed": 2,
            "training": short,
            "control_background": control,
            "rows": [
                {"name": "assumption", "n_sr": larger},
                permuted | {"n_sr": larger, "repeats": 19},
            ],
        },
        "trend": CHEAP
        | {
            "seed": 3,
            "training": short | {"epochs": 8},
            "signal": {"files": ["svj.parquet"]},
            "rows": [
                {"name": f"f{percent}", "n_sr": size, "f_sr": percent / 100,
                 "repeats": 3}
                for percent in (0, 10, 20, 40)
            ],
        },
    }  # fmt: skip


def _passes(report: dict[str, Any]) -> bool:
    nulls = report["perm"]["permuted"]
    print(
        f"{nulls['repeats']} permutations: mean {nulls['mean']:+.2f}, width"
        f" {nulls['width']:.2f}"
    )
    (observed,) = report["assume"]["assumption"]["sigma"]
    test = permutation_test(observed, report["assume"]["permuted"]["sigma"])
    print(f"assumption: {observed:+.2f} sigma, p = {test.p_value:.2f}")
    for name, row in report["trend"].items():
        if name != "cpu_seconds":
            print(name, *(f"{sigma:+.2f}" for sigma in row["sigma"]))
    calibrated = abs(nulls["mean"]) < 0.3 and abs(nulls["width"] - 1) < 0.2
    return calibrated and test.p_value > 0.01


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=Path("runs/check-nulls"))
    parser.add_argument(
        "--results", type=Path, default=Path("bench/results/check_nulls.json")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
