"""Jet images and hunting in m_hh on simulated events, small enough for one core.

images: dark jets of a 5.5 TeV mediator against QCD dijets, ACC and AUC against
S/sqrt(B) with the band without a signal, labels of the regions against truth.
image_copies: the effect of each augmentation and of twice the luminosity on them.
augmented: H -> hh -> 4b against QCD multi-b, an MLP on pure labels, three copies of
each type. sculpting: without any signal, a mass window against its sidebands, with all
eleven features and after dropping what the report names, at 500 and 1000 GeV, with two
b-tags and with none asked for. hunting: the same, and signals of several sizes.
mixed: SPANet and MLPs at f1 = 0.5 and 1, 20 trainings each, and the share of true
pairs. All ask for two b-tags and not for four, which leave 30 effective events of
3,000 generated ones (two: 240).

    python bench/check_cwola_studies.py image_copies mixed --work runs/cwola
    python bench/check_cwola_studies.py images augmented hunting --work runs/cwola \
        --results bench/results/cwola_studies_epyc_202611.json

Samples that are there are kept, and studies that were interrupted go on. About 25
minutes of CPU, of which the samples take 20; `--background PATTERN` takes multi-b
events that are there already, of `oddjet simulate-weighted multib_weighted`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from oddjet.io import iterate
from oddjet.learn.classifier_config import ClassifierConfig
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.searches.event_table import EventTable
from oddjet.searches.table_source import event_source
from oddjet.select.dihiggs import VARIABLES, DihiggsCuts, select_dihiggs
from oddjet.simulate.generate import simulate
from oddjet.simulate.weighted import simulate_weighted
from oddjet.stats.effective_events import effective_events
from oddjet.stats.feature_correlation import feature_correlations
from oddjet.studies.augmentation import standard_augmentations
from oddjet.studies.reading import read_study
from oddjet.studies.repeats import markdown_table
from oddjet.studies.sculpting import features_to_keep
from oddjet.studies.windows import Windows

SEED = 1
#: Inputs of the note: all but the tags and the mass that the regions are cut from.
ELEVEN = tuple(n for n in VARIABLES if not n.startswith("tag_") and n != "mass_hh")
#: Written events of each process; of the weighted one, generated events and files.
SIZES = {"hidden_valley_5500": 6000, "qcd_dijet_heavy": 24_000, "higgs_pair_500": 1500}
GENERATED = ("multib_weighted", 60_000, 20)

SMALL_CNN = [
    {"channels": 8, "kernel": 5, "pool": True},
    {"channels": 8, "kernel": 5, "pool": True},
    {"channels": 16, "kernel": 3},
    {"channels": 16, "kernel": 3, "pool": True},
]
IMAGES = {
    "study": "images",
    "images": {"bins": 25},
    "background_events": [1000, 1400],
    "sensitivities": [0, 2, 4, 8],
    "compared_at": [4],
    "test_events": 800,
    "repeats": 5,
    "background_efficiencies": [0.1, 0.01],
    "network": {"convolutions": SMALL_CNN, "dense": [32]},
    "training": {
        "learning_rate": 1e-3, "batch_size": 128, "epochs": 12, "patience": 4,
    },
}  # fmt: skip
WINDOWS_OF = {
    500: {
        "variable": "mass_hh", "signal_region": [350, 550],
        "sidebands": [[250, 350], [550, 700]],
    },
    1000: {
        "variable": "mass_hh", "signal_region": [800, 1050],
        "sidebands": [[700, 800], [1050, 1100]],
    },
}  # fmt: skip
WINDOWS = WINDOWS_OF[500]
MLP = {"hidden": [64, 64], "dropout": 0.0, "epochs": 60, "learning_rate": 5e-4}
#: Of the first 3,000 generated events; 5e-4, 256 events a step and a patience of ten
#: epochs, as MLP has them, left the network where it was.
PATIENT = ClassifierConfig(
    hidden=(64, 64), dropout=0.0, learning_rate=1e-3, batch_size=64, epochs=200,
    patience=30,
)  # fmt: skip
HUNTING = {
    "study": "hunting", "windows": WINDOWS, "signal_events": 20,
    "times": [0, 1, 5], "test_events": 200, "repeats": 10,
    "background_efficiencies": [0.1], "classifier": PATIENT.model_dump(mode="json"),
}  # fmt: skip
#: Every type of copy by itself, both readings of the resolution, and all together.
AUGMENTED = {
    "study": "mixed", "fractions": [1.0], "events": 300, "test_events": 150,
    "repeats": 10, "classifier": MLP | {"batch_size": 64},
    "features": [
        *(f"{name}_{h}" for h in ("h1", "h2") for name in ("pt", "eta", "phi", "mass")),
        "delta_r_h1", "delta_r_h2", "pt_hh", "mass_hh",
    ],
    "augmentations": {
        name: how.model_dump(mode="json")
        for name, how in standard_augmentations(copies=3).items()
    },
}  # fmt: skip
MIXED = {
    "study": "mixed", "fractions": [0.5, 1.0], "events": 300, "test_events": 100,
    "repeats": 20, "network": "spanet",
    "spanet": {"width": 32, "encoder_layers": 2, "assignment_weight": 0.5},
    "classifier": MLP | {"epochs": 40, "learning_rate": 1e-3, "batch_size": 128},
}  # fmt: skip


def main() -> None:
    options = _options()
    work: Path = options.work
    OPTIONS["background"] = options.background
    work.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {}
    if options.results is not None and options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    report["made_with"] = provenance()
    for name in options.studies:
        with Progress() as progress:
            report[name] = RUNS[name](work, progress)
        for title, found in report[name].items():
            print(f"{title}\n\n{found['table']}")
        # After each: what was interrupted leaves what it had.
        if options.results is not None:
            options.results.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def images(work: Path, progress: Progress) -> dict[str, Any]:
    """Train on images without copies: the curve against S/sqrt(B)."""
    nothing = {"compared_at": [], "luminosities": [], "augmentations": {}}
    return _images(nothing, work, progress)


def image_copies(work: Path, progress: Progress) -> dict[str, Any]:
    """Train on images with copies and twice the luminosity, too."""
    return _images({}, work, progress)


def _images(change: dict[str, Any], work: Path, progress: Progress) -> dict[str, Any]:
    samples = {
        "signal": {"files": [_sample("hidden_valley_5500", work, progress)]},
        "background": {"files": [_sample("qcd_dijet_heavy", work, progress)]},
    }
    return {"images": run_study("images", IMAGES | samples | change, work, progress)}


def sculpting(work: Path, progress: Progress) -> dict[str, Any]:
    """Look for the mass in background alone, and drop what knows it."""
    pattern = OPTIONS.get("background") or _multib(work, progress)
    start = Path(pattern).parent if Path(pattern).is_absolute() else work
    paths = sorted(str(path) for path in start.glob(Path(pattern).name))
    found = {}
    for tags in (2, 0):
        parts = []
        for events in iterate(paths, columns=["jets", "weight", "id"]):
            chosen = select_dihiggs(events, DihiggsCuts(tags_min=tags))
            source = event_source(events.id[chosen.mask])
            parts.append(EventTable(chosen.variables, chosen.weights, source))
        table = EventTable.concatenate(parts)
        for mass, windows in WINDOWS_OF.items():
            title = f"{mass} GeV, {tags} b-tags"
            found[title] = _sculpted(table, Windows.model_validate(windows))
            found[title]["files"] = len(paths)
    return found


def _sculpted(table: EventTable, windows: Windows) -> dict[str, Any]:
    chosen = windows.inside(table.columns) | windows.beside(table.columns)
    used = table[chosen]
    correlations = feature_correlations(
        {name: used.columns[name] for name in ELEVEN},
        used.columns[windows.variable],
        used.weights,
    )
    rounds = features_to_keep(
        table, windows, ELEVEN, PATIENT, largest=0.1, repeats=10, seed=SEED
    )
    kinds = {"signal region": windows.inside, "sidebands": windows.beside}
    rows = [
        [", ".join(one.features), f"{one.auc.value:.3f} ± {one.auc.error:.3f}"]
        + [f"{r.value:.2f} ± {r.error:.2f}" for r in one.pass_ratios.values()]
        + [f"{one.folds} x {one.networks}"]
        for one in rounds
    ]
    head = ["features", "AUC", *(f"passed at {cut}" for cut in rounds[0].pass_ratios)]
    return {
        "events": {
            name: {
                "events": int(np.sum(of(table.columns))),
                "effective": effective_events(table.weights[of(table.columns)]),
            }
            for name, of in kinds.items()
        },
        "correlations": [vars(one) for one in correlations],
        "rounds": [one.to_dict() for one in rounds],
        "table": markdown_table([*head, "trainings"], rows),
    }


def hunting(work: Path, progress: Progress) -> dict[str, Any]:
    """Hunt with all features that are offered, and with those that are left."""
    samples = _dihiggs(work, progress)
    found = {}
    for drop in ("none", "recommended"):
        config = HUNTING | samples | {"drop": drop}
        found[f"drop: {drop}"] = run_study(f"hunting_{drop}", config, work, progress)
    return found


def mixed(work: Path, progress: Progress) -> dict[str, Any]:
    """Train SPANet with the assignment on pure labels, and every network without."""
    samples = _dihiggs(work, progress)
    pure = MIXED | samples | {"fractions": [1.0]}
    weak = MIXED | samples
    weak["spanet"] = MIXED["spanet"] | {"assignment_weight": 0.0}
    found = {
        "SPANet, assignment on pure labels": run_study("pairing", pure, work, progress),
        "SPANet": run_study("mixed_spanet", weak, work, progress),
    }
    for layers in (2, 5):
        hidden = {"hidden": [64] * layers, "batch_size": 64}
        config = MIXED | samples | {"network": "mlp", "classifier": MLP | hidden}
        title = f"MLP, {layers} x 64"
        found[title] = run_study(f"mixed_mlp_{layers}", config, work, progress)
    return found


def augmented(work: Path, progress: Progress) -> dict[str, Any]:
    """Train an MLP on pure labels, without copies and with three of each type."""
    config = AUGMENTED | _dihiggs(work, progress)
    return {"copies on pure labels": run_study("augmented", config, work, progress)}


RUNS = {
    "augmented": augmented,
    "image_copies": image_copies,
    "images": images,
    "hunting": hunting,
    "mixed": mixed,
    "sculpting": sculpting,
}
#: What the command line says of all of them.
OPTIONS: dict[str, str | None] = {}


def _dihiggs(work: Path, progress: Progress) -> dict[str, Any]:
    background = OPTIONS.get("background") or _multib(work, progress)
    return {
        "signal": {"files": [_sample("higgs_pair_500", work, progress)]},
        "background": {"files": [background]},
        "selection": {"tags_min": 2},
    }


def _multib(work: Path, progress: Progress) -> str:
    process, generated, files = GENERATED
    simulate_weighted(
        process, num_generated=generated, num_files=files, seed=SEED, directory=work,
        progress=progress,
    )  # fmt: skip
    return f"{process}_g{generated}_*.parquet"


def _sample(process: str, work: Path, progress: Progress) -> str:
    path = work / f"{process}_n{SIZES[process]}.parquet"
    if not path.exists():
        simulate(
            process, num_events=SIZES[process], seed=SEED, path=path, progress=progress
        )
    return path.name


def run_study(
    name: str, config: dict[str, Any], work: Path, progress: Progress
) -> dict[str, Any]:
    path = work / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    found = read_study(path).run(work / name, progress=progress)
    for point in (*found["points"], *found.get("mixtures", ())):
        del point["repeats"]
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="+", choices=list(RUNS))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--background", help="pattern of multi-b files, absolute")
    return parser.parse_args()


if __name__ == "__main__":
    main()
