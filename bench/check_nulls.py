"""Is a mono-jet search null where there is nothing, and does it find what there is?

Simulates Z(nu nu), Z(l l), W(l nu) and semi-visible jets, and on them:

* permuted: labels of one sample permuted, a cheap network; mean 0 +- 0.3 and width
  1 +- 0.2 to pass;
* assumption: Z(nu nu) jets against those of the control regions, leptons taken out, and
  one control region against the other, ParticleNet-Lite; p > 1 % to pass;
* trend: a signal fraction from 0 to 20 %, ParticleNet-Lite, counted at two efficiencies.

    python bench/check_nulls.py --scale 1 --jobs 2
    python bench/check_nulls.py --scale 0.1 --parts permuted assumption

Scale 1 is 10,000 + 10,000 jets in the assumption and 20,000 + 20,000 in the trend: an
hour of one core for the samples and half of one for the rest. Everything goes on where
it was interrupted, and a part that is run anew leaves the results of the others. All
values are kept.
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
from oddjet.stats.counting import counting_test
from oddjet.studies.assumption import AssumptionStudy
from oddjet.studies.assumption_config import AssumptionConfig
from oddjet.studies.config import StudyConfig
from oddjet.studies.jets import read_jets
from oddjet.studies.rows import JETS
from oddjet.studies.tables import TableStudy

# Of three simulated events one is selected, of four in the control regions.
SAMPLES = {
    "znunu": ("zjet_nunu", 110_000, 11),
    "zll": ("zjet_ll", 42_000, 12),
    "wlnu": ("wjet_lnu", 44_000, 14),
    "svj": ("svj_monojet", 14_000, 13),
}
PARTS = {"permuted": ("znunu",), "assumption": ("znunu", "zll", "wlnu"),
         "trend": ("znunu", "svj")}  # fmt: skip
MIXTURE = {"rest": "zjet", "background": {"zjet": {"files": ["znunu.parquet"]}}}
CHEAP = {"blocks": [[16, 16], [16]], "neighbours": 5, "dense": [16]}
EFFICIENCIES = (1e-2, 1e-3)


def main() -> None:
    options = _options()
    options.directory.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    if options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    report |= {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "made_with": provenance(),
    }
    run = {"permuted": _permuted, "assumption": _assumption, "trend": _trend}
    with Progress() as progress:
        for part in options.parts:
            _simulate(PARTS[part], options, progress)
            started = time.perf_counter()
            report[part] = {"scale": options.scale, **run[part](options, progress)}
            report[part]["seconds"] = time.perf_counter() - started
            options.results.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    sys.exit(not all(report[part].get("passes", True) for part in options.parts))


def _simulate(
    names: tuple[str, ...], options: argparse.Namespace, progress: Progress
) -> None:
    for name in names:
        process, events, seed = SAMPLES[name]
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


def _permuted(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    row = {"name": "permuted", "permute": True, "repeats": options.repeats}
    study = MIXTURE | {
        "seed": 1,
        "cr_efficiency": 0.02,
        "network": CHEAP,
        "training": {"epochs": 4, "batch_size": 64},
        "rows": [row | {"n_sr": min(800, round(8000 * options.scale))}],
    }
    found = TableStudy(StudyConfig(**study), base=options.directory).run(
        options.directory / "permuted", jobs=options.jobs, progress=progress
    )
    nulls = found["summary"]["permuted"]
    mean, width = nulls["mean"], nulls["width"]
    print(f"{nulls['repeats']} permutations: mean {mean:+.2f}, width {width:.2f}")
    return nulls | {"passes": abs(mean) < 0.3 and abs(width - 1) < 0.2}


def _assumption(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    study = AssumptionConfig(
        study="assumption",
        seed=2,
        samples={
            "znunu": {"files": ["znunu.parquet"]},
            "zll": {"files": ["zll.parquet"], "control": {"leptons": 2}},
            "wlnu": {"files": ["wlnu.parquet"], "control": {"leptons": 1}},
        },
        num_jets=round(10_000 * options.scale),
        training={"epochs": 4},
    )
    found = AssumptionStudy(study, base=options.directory).run(
        options.directory / "assumption", jobs=options.jobs, progress=progress
    )
    print(found["table"])
    return {"comparisons": found["comparisons"], "passes": found["alike"]}


def _trend(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    size = round(20_000 * options.scale)
    rows = [
        {"name": f"f{percent}", "n_sr": size, "f_sr": percent / 100,
         "repeats": options.seeds}
        for percent in (0, 5, 10, 20)
    ]  # fmt: skip
    study = MIXTURE | {
        "seed": 3,
        "signal": {"files": ["svj.parquet"]},
        "cr_efficiency": EFFICIENCIES[0],
        "rows": rows,
    }
    directory = options.directory / "trend"
    found = TableStudy(StudyConfig(**study), base=options.directory).run(
        directory, jobs=options.jobs, progress=progress
    )
    rows = [
        {"name": row["name"], "repeat": row["repeat"], **_counted(directory, row)}
        for row in found["rows"]
    ]
    for row in rows:
        counts = (f"{e}: {row[e]['n_sr']:.0f} of {row[e]['n_expected']:.1f},"
                  f" {row[e]['sigma']:+.2f}" for e in map(str, EFFICIENCIES))  # fmt: skip
        print(row["name"], row["repeat"], *counts)
    return {"rows": rows}


def _counted(directory: Path, row: dict[str, Any]) -> dict[str, Any]:
    """Count the scores of a row at every efficiency."""
    jets = read_jets(directory / "stages" / f"row-{row['name']}-{row['repeat']}" / JETS)
    signal = jets.in_signal_region
    counts = {}
    for efficiency in EFFICIENCIES:
        test = counting_test(
            jets.score[signal],
            jets.score[~signal],
            efficiency=efficiency,
            sr_folds=jets.fold[signal],
            cr_folds=jets.fold[~signal],
        )
        counts[str(efficiency)] = {
            "n_sr": test.n_sr,
            "n_expected": test.n_expected,
            "sigma": test.significance,
            "paper_sigma": test.paper_significance,
        }
    return counts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=60, help="permutations")
    parser.add_argument("--seeds", type=int, default=3, help="of each row of the trend")
    parser.add_argument("--directory", type=Path, default=Path("runs/check-nulls"))
    parser.add_argument(
        "--results", type=Path, default=Path("bench/results/check_nulls.json")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
