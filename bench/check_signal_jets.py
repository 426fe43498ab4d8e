"""Why is the supervised efficiency on semi-visible jets what it is?

The network of arXiv:2204.11889 keeps 6-7 % of the anomalous jets at an efficiency of
1e-3 without knowing labels. This bench says, for the signal sample of oddjet:

* where the leading fat jet of a selected event comes from: a dark quark within R, or
  initial-state radiation, which looks like background whatever the network;
* what a supervised network keeps, by number of training jets and by network: rows of
  a table whose signal region is signal alone (f_sr = 1), scored out of fold.

    python bench/check_signal_jets.py --generated 6000
    python bench/check_signal_jets.py --signal svj.parquet --background znunu.parquet
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import load_yaml
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.select.monojet import select_monojet
from oddjet.simulate.block import _measure
from oddjet.simulate.cards import load_card
from oddjet.simulate.event_record import ChargeTable, flatten
from oddjet.simulate.generator import start_pythia
from oddjet.studies.config import StudyConfig
from oddjet.studies.tables import TableStudy

DARK_QUARK, OUTGOING = 4900101, -23
RADIUS = 0.8
BATCH = 200
SIZES = (500, 1000, 2000, 4000)
SMALL = {"blocks": [[16, 16], [16]], "neighbours": 5, "dense": [16]}


def main() -> None:
    options = _options()
    report: dict[str, Any] = {"made_with": provenance()}
    if options.results is not None and options.results.exists():
        report = json.loads(options.results.read_text("utf-8"))
    if options.generated:
        report["origin"] = origin_of_leading_jets(options.generated)
        print(json.dumps(report["origin"], indent=2))
    if options.signal:
        report["supervised"] = supervised(options)
        for row in report["supervised"]:
            print(json.dumps(row))
    if options.results is not None:
        options.results.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def origin_of_leading_jets(num_generated: int) -> dict[str, Any]:
    """Match the leading fat jets of selected events to the dark quarks of the Z'."""
    card = load_card("svj_monojet")
    pythia = start_pythia(card, seed=1)
    charges, random = ChargeTable(pythia), np.random.default_rng(2)
    distances, pts, widths = [], [], []
    for start in range(0, num_generated, BATCH):
        batch = pythia.nextBatch(BATCH)
        events = Events(
            _measure(
                flatten(batch, charges),
                random,
                card=card,
                met_min_gev=card.met_min_gev,
                towers_only=False,
                identity={"run": 1, "lumi": 0, "event": start},
            ),
            role="mc",
        )
        selection = select_monojet(events)
        chosen = events[selection.mask]
        jets = cluster(chosen.particles, algorithm="antikt", radius=RADIUS)[:, 0]
        number = ak.to_numpy(chosen.id.event) - start
        quarks = _dark_quarks(batch[number])
        distances.append(_nearest(jets, quarks))
        pts.append(ak.to_numpy(jets.pt))
        widths.append(_width(jets))
    distance, pt, width = (np.concatenate(part) for part in (distances, pts, widths))
    dark = distance < RADIUS
    error = float(np.sqrt(dark.mean() * (1 - dark.mean()) / len(dark)))
    return {
        "selected": len(dark),
        "led_by_dark_quark": float(dark.mean()),
        "error": error,
        "median_pt_gev": {"dark": _median(pt[dark]), "isr": _median(pt[~dark])},
        "median_width": {"dark": _median(width[dark]), "isr": _median(width[~dark])},
    }


def _dark_quarks(batch: ak.Array) -> ak.Array:
    """Direction of the dark quarks as the Z' decays, before their shower."""
    records = batch.prt
    chosen = records[(np.abs(records.id) == DARK_QUARK) & (records.status == OUTGOING)]
    momentum = chosen.p
    return ak.zip(
        {
            "eta": np.arcsinh(momentum.pz / np.hypot(momentum.px, momentum.py)),
            "phi": np.arctan2(momentum.py, momentum.px),
        }
    )


def _nearest(jets: ak.Array, quarks: ak.Array) -> np.ndarray:
    turn = (quarks.phi - jets.phi + np.pi) % (2 * np.pi) - np.pi
    distance = np.hypot(quarks.eta - jets.eta, turn)
    return ak.to_numpy(ak.fill_none(ak.min(distance, axis=1), np.inf))


def _width(jets: ak.Array) -> np.ndarray:
    parts = jets.constituents
    turn = (parts.phi - jets.phi + np.pi) % (2 * np.pi) - np.pi
    distance = np.hypot(parts.eta - jets.eta, turn)
    return ak.to_numpy(ak.sum(parts.pt * distance, axis=1) / ak.sum(parts.pt, axis=1))


def _median(values: np.ndarray) -> float | None:
    return float(np.median(values)) if len(values) else None


def supervised(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Tell signal from background with labels, by training size and network."""
    rows = []
    selection = load_yaml(options.selection) if options.selection else {}
    for name, network in {"Lite": {}, "small": SMALL}.items():
        study = StudyConfig(
            seed=1,
            signal={"files": [str(options.signal.absolute())]},
            background={"z": {"files": [str(options.background.absolute())]}},
            rest="z",
            cr_efficiency=1e-3,
            rows=[
                {"name": f"s{size}", "n_sr": size, "n_cr": options.ratio * size,
                 "f_sr": 1.0}
                for size in options.sizes
            ],
            network=network,
            training={"epochs": options.epochs},
            selection=selection,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as directory, Progress() as progress:
            found = TableStudy(study).run(
                directory, jobs=options.jobs, progress=progress
            )
        rows += [
            {
                "network": name,
                # Of two folds one trains and one is scored.
                "training_signal": row["n_sr_total"] // 2,
                "control": row["n_cr_total"],
                "efficiency": row["n_sr"] / row["n_sr_total"],
                "error": (row["n_sr"] + 1) ** 0.5 / row["n_sr_total"],
                "cr_efficiency": sum(row["selected_cr"].values()) / row["n_cr_total"],
            }
            for row in found["rows"]
        ]
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=int, default=0, help="signal events")
    parser.add_argument("--signal", type=Path, help="signal events, to train on")
    parser.add_argument("--background", type=Path)
    parser.add_argument("--selection", type=Path, help="YAML of another selection")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--ratio", type=int, default=4, help="background over signal")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON to write or to add to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
