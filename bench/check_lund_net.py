"""Does LundNet tell W jets from QCD as well as published? A small version of that task.

Dreyer & Qu, arXiv:2012.08526: jets above 500 GeV of Pythia 8, of all particles that
can be seen, without a detector; W W with hadronic decays against dijets. Here with
fewer jets and epochs, which costs some of the area under the curve.

    python bench/check_lund_net.py jets --events 4000 --folder runs/w_tagging --seed 1
    python bench/check_lund_net.py train --folder runs/w_tagging --epochs 8
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.features import LundTrees
from oddjet.io import iterate, write_events
from oddjet.jets import cluster
from oddjet.learn.config import TrainingConfig
from oddjet.learn.cross_scores import cross_scores
from oddjet.learn.folds import fold_of, in_validation
from oddjet.learn.lund_sample import LundSample
from oddjet.learn.models.lund_config import LundNetConfig
from oddjet.runs.provenance import provenance
from oddjet.simulate.cards import Card
from oddjet.simulate.generator import generate_batches
from oddjet.simulate.particles import is_invisible
from oddjet.stats.roc import ScoredJets, area_under_curve

#: AUC and background rejection at half of the signal, from the released results.
PUBLISHED = {5: (0.93850, 610), 3: (0.93470, 500)}
PUBLISHED_JETS = "500,000 + 500,000 jets, 30 epochs"
PT_MIN_GEV, ABS_ETA_MAX, RADIUS = 500.0, 2.5, 1.0
PROCESSES = {
    "w": ("WeakDoubleBoson:ffbar2WW = on", "24:onMode = off", "24:onIfAny = 1 2 3 4"),
    "qcd": ("HardQCD:all = on",),
}


def card_of(process: str, events: int) -> Card:
    common = ("Beams:eCM = 13000", f"PhaseSpace:pTHatMin = {PT_MIN_GEV:g}")
    return Card(
        process=process,
        description="jets without a detector",
        met_min_gev=0,
        block_events=events,
        pythia=(*common, *PROCESSES[process]),
    )


def jets_of(batch) -> ak.Array:
    """Give the two hardest jets above the cut, of what can be seen."""
    seen = batch.final[~is_invisible(batch.final.pdg_id)]
    seen = seen[np.abs(seen.eta) < 5]
    columns = {name: getattr(seen, name) for name in ("pt", "eta", "phi", "mass")}
    particles = ak.unflatten(
        ak.zip(columns, with_name="Momentum4D"),
        np.bincount(seen.event, minlength=batch.num_events),
    )
    found = cluster(particles, algorithm="antikt", radius=RADIUS, pt_min_gev=PT_MIN_GEV)
    return found[np.abs(found.eta) < ABS_ETA_MAX][:, :2]


def make_jets(folder: Path, events: int, seed: int) -> None:
    """Write the constituents of each jet, as the particles of an event of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, process in enumerate(PROCESSES):
        started, parts, generated = time.process_time(), [], 0
        card = card_of(process, events)
        for batch in generate_batches(card, met_min_gev=0, seed=10 * seed + number):
            jets = jets_of(batch)
            place = ak.broadcast_arrays(np.arange(len(jets)) + generated, jets.pt)[0]
            flat = ak.flatten(jets.constituents, axis=1)
            entry = ak.flatten(place).to_numpy()
            constituents = {n: flat[n] for n in ("pt", "eta", "phi", "mass")}
            parts.append(
                {
                    "particles": ak.zip(constituents, with_name="Momentum4D"),
                    "id": ak.zip(
                        {
                            "run": np.full(len(entry), number),
                            "lumi": np.full(len(entry), seed),
                            "event": entry,
                        }
                    ),
                }
            )
            generated += batch.num_events
        array = ak.concatenate([ak.zip(part, depth_limit=1) for part in parts])
        path = folder / f"{process}_seed{seed}.parquet"
        write_events(path, [Events(array, role="mc")])
        spent = time.process_time() - started
        print(f"{path}: {len(array):,} jets of {generated:,} events, {spent:.0f} s CPU")


def read_trees(folder: Path, process: str, tree) -> tuple[LundTrees, dict]:
    parts, ids = [], []
    for path in sorted(folder.glob(f"{process}_seed*.parquet")):
        for events in iterate([path]):
            # The whole event is one jet.
            jets = cluster(events.particles, algorithm="ca", radius=1000.0)[:, 0]
            parts.append(LundTrees.of(jets, tree))
            ids.append({n: events.id[n].to_numpy() for n in ("run", "lumi", "event")})
    columns = {n: np.concatenate([part[n] for part in ids]) for n in ids[0]}
    return LundTrees.concatenate(parts), columns


def rejection(score, is_signal, efficiency=0.5):
    """1 / eps_B where half of the signal passes."""
    threshold = np.quantile(score[is_signal], 1 - efficiency)
    passed = np.mean(score[~is_signal] > threshold)
    return float(1 / passed) if passed else float("inf")


def train(folder: Path, variables: int, epochs: int, most: int) -> dict:
    network = LundNetConfig.published(variables)
    falls = (max(1, epochs // 3), max(2, 2 * epochs // 3))
    training = TrainingConfig.lund_net(folds=2, epochs=epochs, falls_after=falls)
    trees, labels, ids = [], [], []
    for process in PROCESSES:
        found, columns = read_trees(folder, process, network.tree)
        count = min(most, len(found))
        trees.append(found[np.arange(count)])
        labels.append(np.full(count, process == "w"))
        ids.append({name: column[:count] for name, column in columns.items()})
    is_signal = np.concatenate(labels)
    source = {n: np.concatenate([part[n] for part in ids]) for n in ids[0]}
    sample = LundSample(
        LundTrees.concatenate(trees), is_signal, np.ones(len(is_signal))
    )
    # One network: half of the events train and validate, the other half are scored.
    fold = fold_of(source, 2)
    started = time.process_time()
    found = cross_scores(
        sample,
        np.where(fold == 0, 0, -2),
        network=network,
        training=training.model_copy(update={"scoring": "sequential"}),
        features=network.tree.names,
        seed=1,
        validates=in_validation(source, training.validation_fraction),
        checkpoints=folder / "checkpoints",
    )
    scored = np.isfinite(found.score)
    score, truth = found.score[scored], is_signal[scored]
    source = {name: column[scored] for name, column in source.items()}
    area = area_under_curve(
        *(
            ScoredJets(
                score[part],
                np.ones(part.sum()),
                {n: c[part] for n, c in source.items()},
            )
            for part in (truth, ~truth)
        )
    )
    return {
        "network": f"LundNet-{variables}",
        "trained_on": int(np.count_nonzero(~scored)),
        "tested_on": int(np.count_nonzero(scored)),
        "epochs": epochs,
        "auc": area.value,
        "auc_error": area.error,
        "rejection_50": rejection(score, truth),
        "published_auc": PUBLISHED[variables][0],
        "published_rejection_50": PUBLISHED[variables][1],
        "cpu_seconds": time.process_time() - started,
        "losses": found.losses[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["jets", "train"])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--events", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variables", type=int, choices=[3, 5], default=5)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--most", type=int, default=10**9, help="jets of a process")
    parser.add_argument("--results", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "jets":
        make_jets(arguments.folder, arguments.events, arguments.seed)
        return
    row = train(arguments.folder, arguments.variables, arguments.epochs, arguments.most)
    print(
        f"{row['network']}, W against QCD, {row['trained_on']:,} jets, "
        f"{epochs_of(row)}: AUC {row['auc']:.4f} +- {row['auc_error']:.4f}, "
        f"1/eps_B(50 %) {row['rejection_50']:.0f}; published "
        f"{row['published_auc']:.4f} and {row['published_rejection_50']} with "
        f"{PUBLISHED_JETS}: from fewer jets expect less"
    )
    if arguments.results:
        rows = [row | {"made_with": provenance()}]
        arguments.results.write_text(json.dumps(rows, indent=1) + "\n")


def epochs_of(row: dict) -> str:
    return f"{row['epochs']} epochs, {row['cpu_seconds']:.0f} s of CPU"


if __name__ == "__main__":
    main()
