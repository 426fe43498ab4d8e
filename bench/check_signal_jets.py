"""Why is the supervised efficiency on semi-visible jets what it is?

The network of arXiv:2204.11889 keeps 6-7 % of the anomalous jets at an efficiency of
1e-3 without knowing labels. This bench says, for the signal sample of oddjet:

* where the leading fat jet of a selected event comes from: a dark quark within R, or
  initial-state radiation, which looks like background whatever the network;
* what a supervised network keeps, by number of training jets and by network: rows of
  a table whose signal region is signal alone (f_sr = 1), scored out of fold;
* what changes with the detector (calorimeter towers in place of the energy flow) and
  with the dark shower (Pythia's own coupling in place of Lambda = 5 GeV).

    python bench/check_signal_jets.py --generated 6000
    python bench/check_signal_jets.py --signal svj.parquet --background znunu.parquet
    python bench/check_signal_jets.py --vary 1600
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import awkward as ak
import numpy as np

from oddjet.events import Events
from oddjet.jets import cluster
from oddjet.runs.config import load_yaml
from oddjet.runs.progress import Progress
from oddjet.runs.provenance import provenance
from oddjet.select.monojet import select_monojet
from oddjet.simulate.block import _measure
from oddjet.simulate.cards import Card, load_card
from oddjet.simulate.event_record import ChargeTable, flatten
from oddjet.simulate.generate import simulate
from oddjet.simulate.generator import start_pythia
from oddjet.studies.config import StudyConfig
from oddjet.studies.tables import TableStudy

DARK_QUARK, OUTGOING = 4900101, -23
RADIUS = 0.8
BATCH = 200
SIZES = (500, 1000, 2000, 4000)
SIMULATIONS = ("as_it_is", "other_shower", "towers")
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
    if options.vary:
        rows = varied(options.vary, options.epochs, options.simulations)
        report["varied"] = [*report.get("varied", []), *rows]
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
    selection = load_yaml(options.selection) if options.selection else {}
    return [
        {"network": name, **row}
        for name, network in {"Lite": {}, "small": SMALL}.items()
        for row in _rows(
            options.signal,
            options.background,
            sizes=options.sizes,
            ratio=options.ratio,
            network=network,
            training={"epochs": options.epochs},
            selection=selection,
            cr_efficiency=1e-3,
            jobs=options.jobs,
        )
    ]


def varied(num_jets: int, epochs: int, names: Sequence[str]) -> list[dict[str, Any]]:
    """Do the same for other simulations of so many signal jets, at 1e-2."""
    card = load_card("svj_monojet")
    pythias_own = tuple(line for line in card.pythia if "setLambda" not in line)
    other_shower = card.model_copy(
        update={"process": "svj_other_shower", "pythia": pythias_own}
    )
    simulations: dict[str, tuple[Card, Literal["energy_flow", "towers"]]] = {
        "as_it_is": (card, "energy_flow"),
        "other_shower": (other_shower, "energy_flow"),
        "towers": (card, "towers"),
    }
    found = []
    for name in names:
        signal, seen = simulations[name]
        with tempfile.TemporaryDirectory() as directory, Progress() as progress:
            paths = []
            for number, (process, events) in enumerate(
                ((signal, 3 * num_jets), ("zjet_nunu", 5 * num_jets))
            ):
                paths.append(Path(directory) / f"{number}.parquet")
                simulate(
                    process, num_events=events, seed=40 + number, path=paths[-1],
                    met_min_gev=250, constituents=seen, progress=progress,
                )  # fmt: skip
            rows = _rows(
                *paths,
                sizes=[num_jets],
                ratio=4,
                training={"epochs": epochs},
                cr_efficiency=1e-2,
            )
        found += [{"simulation": name, **row} for row in rows]
        print(json.dumps(found[-1]), flush=True)
    return found


def _rows(
    signal: Path,
    background: Path,
    *,
    sizes: Sequence[int],
    ratio: int,
    jobs: int = 1,
    **study: Any,
) -> list[dict[str, Any]]:
    """Train on signal against background, and count the signal that is kept."""
    config = StudyConfig(
        seed=1,
        signal={"files": [str(signal.absolute())]},
        background={"z": {"files": [str(background.absolute())]}},
        rest="z",
        rows=[
            {"name": f"s{size}", "n_sr": size, "n_cr": ratio * size, "f_sr": 1.0}
            for size in sizes
        ],
        **study,
    )
    with tempfile.TemporaryDirectory() as directory, Progress() as progress:
        found = TableStudy(config).run(directory, jobs=jobs, progress=progress)
    return [
        {
            # Of two folds one trains and one is scored.
            "training_signal": row["n_sr_total"] // 2,
            "control": row["n_cr_total"],
            "efficiency": row["n_sr"] / row["n_sr_total"],
            "error": (row["n_sr"] + 1) ** 0.5 / row["n_sr_total"],
            "cr_efficiency": sum(row["selected_cr"].values()) / row["n_cr_total"],
        }
        for row in found["rows"]
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=int, default=0, help="signal events")
    parser.add_argument("--signal", type=Path, help="signal events, to train on")
    parser.add_argument("--background", type=Path)
    parser.add_argument("--selection", type=Path, help="YAML of another selection")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--ratio", type=int, default=4, help="background over signal")
    parser.add_argument("--vary", type=int, default=0, help="jets of other simulations")
    parser.add_argument(
        "--simulations", nargs="+", choices=SIMULATIONS, default=SIMULATIONS
    )
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON to write or to add to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
