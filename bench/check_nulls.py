"""Is a mono-jet search null where there is nothing, and does it find what there is?

Simulates Z(nu nu), Z(l l), W(l nu) and semi-visible jets, and on them:

* permuted: labels of one sample permuted, a cheap network; mean 0 +- 0.3 and width
  1 +- 0.2 to pass;
* assumption: Z(nu nu) jets against Z(l l) jets, leptons taken out, ParticleNet-Lite;
  p > 1 % to pass;
* assumption_w: both against W(l nu) jets;
* trend: a signal fraction from 0 to 20 %, ParticleNet-Lite, at two efficiencies;
* sensitivity: the smallest signal for 3 and 5 sigma, a cheap network.

    python bench/check_nulls.py --parts permuted assumption
    python bench/check_nulls.py --parts trend --jets 5000 --seeds 3 --reference

A part simulates what it needs, in pieces that are kept; everything goes on where it was
interrupted, and a part or a size of the trend that is run anew leaves the results of
the others. All values are kept, and the CPU time of samples and parts.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

from oddjet.runs.atomic import write_json_atomic
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.simulate.generate import simulate
from oddjet.stats.counting import counting_test
from oddjet.studies.assumption import AssumptionStudy
from oddjet.studies.assumption_config import AssumptionConfig
from oddjet.studies.config import StudyConfig
from oddjet.studies.jets import read_jets
from oddjet.studies.rows import JETS
from oddjet.studies.sensitivity import SensitivityStudy
from oddjet.studies.sensitivity_config import SensitivityConfig
from oddjet.studies.tables import TableStudy
from reference_pools import SELECTION, reference_pool

SAMPLES = {
    "znunu": ("zjet_nunu", 11),
    "zll": ("zjet_ll", 12),
    "wlnu": ("wjet_lnu", 14),
    "svj": ("svj_monojet", 13),
}
# The selection asks for more; without this cut two of three events are simulated in
# vain. It selects 86 % of what is left of Z(nu nu), 65 % of Z(ll).
MET_MIN_GEV = 250.0
PIECE = 4_000
# Simulated events that each part needs for a jet in each of its regions.
PARTS = {
    "permuted": {"znunu": 2.5},
    "assumption": {"znunu": 1.2, "zll": 1.6},
    # Of W all jets that there are: they need not be as many.
    "assumption_w": {"znunu": 1.2, "zll": 1.6, "wlnu": 0.4},
    # 20 % of the signal region are signal at most, of which 31 % are selected.
    "trend": {"znunu": 2.4, "svj": 0.7},
    "sensitivity": {"znunu": 2.4, "svj": 1.4},
}
JETS_A_REGION = {
    "permuted": 800,
    "assumption": 10_000,
    "assumption_w": 10_000,
    "trend": 20_000,
    "sensitivity": 2_000,
}
SEEDS = {
    "permuted": 1,
    "assumption": 2,
    "assumption_w": 2,
    "trend": 3,
    "sensitivity": 4,
}
CHEAP = {"blocks": [[16, 16], [16]], "neighbours": 5, "dense": [16]}
EFFICIENCIES = (1e-2, 1e-3)

Files = dict[str, list[str]]


def main() -> None:
    options = _options()
    options.directory.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    passes = True
    if options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    report |= {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "made_with": provenance(),
    }
    with Progress() as progress:
        for part in options.parts:
            jets = options.jets or JETS_A_REGION[part]
            files = _pools(PARTS[part], jets, options, progress)
            found = _run(part, jets, files, options, progress)
            key = f"{jets}"
            if part.startswith("assumption") and options.eta_bins == 1:
                key += ", any |eta|"
            report[part] = report.get(part, {}) | {key: found}
            samples = report.setdefault("samples", {})
            samples |= {name: _described(name, options.directory) for name in files}
            write_json_atomic(options.results, report)
            passes = passes and found.get("passes", True)
    sys.exit(not passes)


def _run(
    part: str,
    jets: int,
    files: Files,
    options: argparse.Namespace,
    progress: Progress,
) -> dict[str, Any]:
    run = {
        "permuted": _permuted,
        "assumption": _assumption,
        "assumption_w": _assumption,
        "trend": _trend,
        "sensitivity": _sensitivity,
    }
    started = _cpu_seconds()
    found = run[part](jets, files, options, progress)
    return {"seed": SEEDS[part], **found, "cpu_seconds": _cpu_seconds() - started}


def _cpu_seconds() -> float:
    """CPU time of this process and of those it has waited for."""
    return sum(os.times()[:4])


def _pools(
    shares: dict[str, float],
    jets: int,
    options: argparse.Namespace,
    progress: Progress,
) -> Files:
    """Simulate what a part needs, if it does not take the jets of another chain."""
    if options.reference and "svj" in shares:
        return {}
    return {
        name: _simulated(name, round(share * jets), options, progress)
        for name, share in shares.items()
    }


def _simulated(
    name: str, num_events: int, options: argparse.Namespace, progress: Progress
) -> list[str]:
    """Simulate what is missing of a sample; each piece has a seed of its own."""
    process, seed = SAMPLES[name]
    files = [f"{name}-{piece}.parquet" for piece in range(-(-num_events // PIECE))]
    for piece, file in enumerate(files):
        path = options.directory / file
        if path.exists():
            continue
        started = _cpu_seconds()
        simulate(
            process,
            num_events=PIECE,
            seed=100 * seed + piece,
            path=path,
            met_min_gev=MET_MIN_GEV,
            jobs=options.jobs,
            progress=progress,
        )
        spent = {"events": PIECE, "cpu_seconds": _cpu_seconds() - started}
        write_json_atomic(path.with_suffix(".json"), spent)
    return files


def _described(name: str, directory: Path) -> dict[str, Any]:
    """Add up the pieces of a sample and what they took."""
    pieces = [
        json.loads(path.read_text("utf-8"))
        for path in sorted(directory.glob(f"{name}-*.json"))
    ]
    events, spent = (sum(p[key] for p in pieces) for key in ("events", "cpu_seconds"))
    return {
        "process": SAMPLES[name][0],
        "seeds": [100 * SAMPLES[name][1] + piece for piece in range(len(pieces))],
        "events": events,
        "cpu_seconds": spent,
        "events_a_second": events / spent,
    }


def _permuted(
    jets: int, files: Files, options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    row = {
        "name": "permuted",
        "n_sr": jets,
        "permute": True,
        "repeats": options.repeats,
    }
    study = {
        "seed": SEEDS["permuted"],
        "rest": "zjet",
        "background": {"zjet": {"files": files["znunu"]}},
        "cr_efficiency": 0.02,
        "network": CHEAP,
        "training": {"epochs": 4, "batch_size": 64},
        "rows": [row],
    }
    found = TableStudy(StudyConfig(**study), base=options.directory).run(
        options.directory / f"permuted-{jets}", jobs=options.jobs, progress=progress
    )
    nulls = found["summary"]["permuted"]
    mean, width = nulls["mean"], nulls["width"]
    print(f"{nulls['repeats']} permutations: mean {mean:+.2f}, width {width:.2f}")
    return nulls | {"passes": abs(mean) < 0.3 and abs(width - 1) < 0.2}


def _assumption(
    jets: int, files: Files, options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    leptons = {"znunu": None, "zll": 2, "wlnu": 1}
    pairs = [("wlnu", "zll"), ("znunu", "wlnu")]
    study = AssumptionConfig(
        study="assumption",
        seed=SEEDS["assumption"],
        samples={
            name: {
                "files": files[name],
                "control": leptons[name] and {"leptons": leptons[name]},
            }
            for name in files
        },
        comparisons=pairs if "wlnu" in files else [("znunu", "zll")],
        strata={"jet_eta": options.eta_bins},
        training={"epochs": 4},
    )
    found = AssumptionStudy(study, base=options.directory).run(
        options.directory / f"assumption-{jets}-{options.eta_bins}",
        jobs=options.jobs,
        progress=progress,
    )
    print(found["table"])
    return {
        "strata": study.strata.model_dump(),
        "comparisons": found["comparisons"],
        "passes": found["alike"],
    }


def _trend(
    jets: int, files: Files, options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    rows = [
        {"name": f"f{percent}", "n_sr": jets, "f_sr": percent / 100,
         "repeats": options.seeds}
        for percent in options.percent
    ]  # fmt: skip
    study = _with_signal(files, options) | {
        "seed": SEEDS["trend"],
        "cr_efficiency": EFFICIENCIES[0],
        "training": {"epochs": 4},
        "rows": rows,
    }
    directory = options.directory / f"trend-{jets}"
    found = TableStudy(StudyConfig(**study), base=options.directory).run(
        directory, jobs=options.jobs, progress=progress
    )
    rows = [
        {"name": row["name"], "repeat": row["repeat"], **_counted(directory, row)}
        for row in found["rows"]
    ]
    _print_counts(rows)
    return {"reference_chain": options.reference, "rows": rows}


def _with_signal(files: Files, options: argparse.Namespace) -> dict[str, Any]:
    """Say what signal and background of a mixture are."""
    study: dict[str, Any] = {"rest": "zjet"}
    if options.reference:
        files = {
            "znunu": [reference_pool("zjet", options.directory)],
            "svj": [reference_pool("svj", options.directory)],
        }
        study["selection"] = SELECTION
    study["background"] = {"zjet": {"files": files["znunu"]}}
    return study | {"signal": {"files": files["svj"]}}


def _sensitivity(
    jets: int, files: Files, options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    study = _with_signal(files, options) | {
        "study": "sensitivity",
        "seed": SEEDS["sensitivity"],
        "n_sr": jets,
        "injected": [round(share * jets) for share in (0.0, 0.1, 0.2, 0.3, 0.4)],
        "repeats": options.seeds,
        "cr_efficiency": EFFICIENCIES[0],
        "network": CHEAP,
    }
    found = SensitivityStudy(SensitivityConfig(**study), base=options.directory).run(
        options.directory / f"sensitivity-{jets}",
        jobs=options.jobs,
        progress=progress,
    )
    print(found["table"])
    return {"reference_chain": options.reference, **found["sensitivity"]}


def _print_counts(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        for efficiency in map(str, EFFICIENCIES):
            found = row[efficiency]
            print(
                f"{row['name']} {row['repeat']} at {efficiency}: {found['n_sr']:.0f} of"
                f" {found['n_expected']:.1f}, {found['sigma']:+.2f} sigma"
            )


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
    parser.add_argument("--jets", type=int, help="of each region; default: as wanted")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=60, help="permutations")
    parser.add_argument(
        "--percent", type=int, nargs="+", default=[0, 5, 10, 20], help="of the trend"
    )
    parser.add_argument(
        "--eta-bins", type=int, default=5, help="1: jets may differ in |eta|"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of each row of the trend")
    parser.add_argument(
        "--reference",
        action="store_true",
        help="for a signal, the jets of bench/reference_pools.py; nothing is simulated",
    )
    parser.add_argument("--directory", type=Path, default=Path("runs/check-nulls"))
    parser.add_argument(
        "--results", type=Path, default=Path("bench/results/check_nulls.json")
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
