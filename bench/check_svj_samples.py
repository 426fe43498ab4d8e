"""What a background sample of semi-visible jets costs, and what it is worth.

Generates weighted events, selects them as the search does and says how many events of
equal weight are left in the signal and the validation plane, and how many CPU hours a
thousand of them take.

    python bench/check_svj_samples.py qcd_weighted --generated 20000 --responses 10
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from oddjet.io import iterate
from oddjet.runs.provenance import provenance
from oddjet.select.svj import select_svj
from oddjet.simulate.cards import load_card
from oddjet.simulate.weighted import simulate_weighted
from oddjet.stats.effective_events import effective_events

WANTED = 1000
NAMES = ("run", "lumi", "event")


def measure(process: str, generated: int, responses: int, seed: int) -> dict:
    # Whole blocks are generated: no more than asked for.
    card = load_card(process)
    block = min(card.block_events, generated)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        paths = simulate_weighted(
            card.model_copy(update={"block_events": block}),
            num_generated=generated,
            seed=seed,
            directory=Path(folder),
            responses=responses,
        )
        simulated = time.process_time() - started
        flows, weights, ids, in_signal = [], [], [], []
        for events in iterate(paths):
            found = select_svj(events)
            chosen = events[found.mask]
            flows.append(found.cutflow)
            weights.append(chosen.weight.to_numpy())
            ids.append([chosen.id[name].to_numpy() for name in NAMES])
            in_signal.append(found.in_signal_plane)
        total = time.process_time() - started
    weight, inside = np.concatenate(weights), np.concatenate(in_signal)
    columns = [np.concatenate(column) for column in zip(*ids, strict=True)]
    flow = reduce(add, flows)
    print(f"{process}: {generated:,} generated, {responses} responses each")
    print(flow)
    row = {
        "process": process,
        "generated": generated,
        "responses": responses,
        "neutrinos": card.neutrinos and card.neutrinos.model_dump(),
        "cpu_ms_per_generated": 1e3 * total / generated,
        "simulation_share": simulated / total,
        "cutflow": [vars(cut) for cut in flow.rows],
    }
    for plane, mask in (("SP", inside), ("VP", ~inside)):
        source = {n: c[mask] for n, c in zip(NAMES, columns, strict=True)}
        sources = np.unique(np.stack(list(source.values())), axis=1).shape[1]
        worth = effective_events(weight[mask], source)
        hours = WANTED / worth * total / 3600 if worth else math.inf
        row[plane] = {
            "events": int(mask.sum()),
            "sources": sources,
            "pb": float(weight[mask].sum()),
            "n_eff": worth,
            "cpu_hours_per_1000": hours if worth else None,
        }
        print(
            f"  {plane}: {mask.sum()} events of {sources} generated ones, "
            f"{weight[mask].sum():.3g} pb, n_eff {worth:.1f}; {WANTED} of them take "
            f"{hours:.1f} CPU hours"
        )
    print(f"  {row['cpu_ms_per_generated']:.1f} ms of CPU a generated event")
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("process")
    parser.add_argument("--generated", type=int, default=2000)
    parser.add_argument("--responses", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="rows are added to this file")
    arguments = parser.parse_args()
    row = measure(
        arguments.process, arguments.generated, arguments.responses, arguments.seed
    )
    if arguments.results:
        known = []
        if arguments.results.exists():
            known = json.loads(arguments.results.read_text())["rows"]
        content = {"theme": "svj_samples", "made_with": provenance()}
        content["rows"] = [*known, row]
        arguments.results.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
