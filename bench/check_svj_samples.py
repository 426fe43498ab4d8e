"""What a background sample of semi-visible jets costs, and what it is worth.

Generates weighted events, selects them as the search does and says how many events of
equal weight are left in the signal and the validation plane, and how many CPU hours a
thousand of them take.

    python bench/check_svj_samples.py qcd_weighted --generated 20000 --responses 10

With --powers it also says what the same number of generated events would be worth if
the card preferred hard ones with another power of pT-hat. An event's weight tells its
pT-hat, and a simulation of partons alone how often each pT-hat is generated. Read it
from a sample of a low power, for a high one hides rare events of large weight:

    python bench/check_svj_samples.py ttbar_weighted --generated 12000 --responses 4 \
        --power 1.5 --powers 0 1 1.5 2 3

With --plan it simulates nothing: from the rows of --results it says how to share CPU
hours out among the processes, and how many a wanted number of events in the smallest
of the four regions takes:

    python bench/check_svj_samples.py --plan 1.25 --smallest-region 0.034 \
        --results bench/results/svj_samples_epyc_202611.json
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
from oddjet.simulate.cards import Card, load_card
from oddjet.simulate.generator import start_pythia
from oddjet.simulate.weighted import simulate_weighted
from oddjet.stats.effective_events import effective_events, same_event

WANTED = 1000
#: Of the events, quoted: the rest trains and chooses the cuts.
TEST_PART = 0.4
NAMES = ("run", "lumi", "event")
POWER = "PhaseSpace:bias2SelectionPow"
#: Events of a simulation without showers, which takes a second.
PARTONS = 20_000


def power_of(card: Card) -> float:
    """How much more often hard events are generated: with this power of pT-hat."""
    (line,) = (each for each in card.pythia if each.startswith(POWER))
    return float(line.split("=")[1])


def with_power(card: Card, power: float) -> Card:
    lines = [each for each in card.pythia if not each.startswith(POWER)]
    return card.model_copy(update={"pythia": (*lines, f"{POWER} = {power:g}")})


def partons(card: Card) -> tuple[np.ndarray, float]:
    """Weights of generated events, and the cross section [pb]."""
    off = ("PartonLevel:all = off", "HadronLevel:all = off")
    pythia = start_pythia(
        card.model_copy(update={"pythia": (*card.pythia, *off)}), seed=1
    )
    info, weights = pythia.infoPython, []
    for _ in range(PARTONS):
        if pythia.next():
            weights.append(info().weight())
    return np.array(weights), info().sigmaGen() * 1e9


def at_other_powers(
    card: Card, weight: np.ndarray, source: np.ndarray, shares: int, powers: list[float]
) -> dict[str, float]:
    """Effective events of as many generated ones, had the power been another.

    `shares` is the number of generated events times that of responses. Under a power P
    an event of Pythia's weight w has pT-hat^P in proportion to 1 / w. Under a power a
    there would be n = w^h / mean(w^h) times as many of them, h = (P - a) / P, each of
    1 / n times the weight.
    """
    raw, cross_section = partons(card)
    unit = cross_section / shares / raw.mean()  # what a raw weight of 1 has become
    own = power_of(card)
    together = np.bincount(source, weight)
    single = np.zeros(len(together))
    np.maximum.at(single, source, weight)
    found = {}
    for power in powers:
        softer = (own - power) / own
        as_many = (single / unit) ** softer / np.mean(raw**softer)
        squares = np.sum(together**2 / as_many)
        found[f"{power:g}"] = float(together.sum() ** 2 / squares)
    return found


def measure(
    process: str,
    *,
    generated: int,
    responses: int,
    seed: int,
    power: float | None,
    powers: list[float],
) -> dict:
    # Whole blocks are generated: no more than asked for.
    card = load_card(process)
    if power is not None:
        card = with_power(card, power)
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
        "power": power_of(card),
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
        if powers and worth:
            row[plane]["n_eff_at_powers"] = at_other_powers(
                card, weight[mask], same_event(source), generated * responses, powers
            )
            print(f"  {plane} at powers: {row[plane]['n_eff_at_powers']}")
        print(
            f"  {plane}: {mask.sum()} events of {sources} generated ones, "
            f"{weight[mask].sum():.3g} pb, n_eff {worth:.1f}; {WANTED} of them take "
            f"{hours:.1f} CPU hours"
        )
    print(f"  {row['cpu_ms_per_generated']:.1f} ms of CPU a generated event")
    return row


def plan(rows: list[dict], hours: float, smallest_region: float) -> dict:
    """Share CPU hours out such that the sum of all processes is worth most.

    Of process p there are s_p picobarn in the signal plane, worth k_p events an hour.
    In T_p hours its squared weights sum to s_p^2 / (k_p T_p), and their sum over the
    processes is least at T_p in proportion to s_p / sqrt(k_p). Of each process counts
    the row that is worth most.
    """
    best = {}
    for row in sorted(rows, key=lambda row: row["SP"]["n_eff"]):
        best[row["process"]] = row
    sizes, roots = {}, {}
    for name, row in best.items():
        spent = row["cpu_ms_per_generated"] * row["generated"] / 3.6e6
        sizes[name] = row["SP"]["pb"]
        roots[name] = row["SP"]["pb"] / math.sqrt(row["SP"]["n_eff"] / spent)
    an_hour = (sum(sizes.values()) / sum(roots.values())) ** 2
    in_region = an_hour * TEST_PART * smallest_region
    found = {
        "shares": {name: root / sum(roots.values()) for name, root in roots.items()},
        "n_eff_an_hour": an_hour,
        "hours": hours,
        "n_eff": hours * an_hour,
        "in_smallest_region": hours * in_region,
        "hours_for_wanted": WANTED / in_region,
    }
    print(json.dumps(found, indent=1))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("process", nargs="?")
    parser.add_argument("--plan", type=float, metavar="HOURS")
    parser.add_argument(
        "--smallest-region",
        type=float,
        default=0.034,
        help="its part of the background; 0.034 and 0.053 on the toy of svj_search.py",
    )
    parser.add_argument("--generated", type=int, default=2000)
    parser.add_argument("--responses", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power", type=float, help="in place of that of the card")
    parser.add_argument("--powers", type=float, nargs="+", default=[])
    parser.add_argument("--results", type=Path, help="rows are added to this file")
    arguments = parser.parse_args()
    if arguments.plan:
        rows = json.loads(arguments.results.read_text())["rows"]
        plan(rows, arguments.plan, arguments.smallest_region)
        return
    row = measure(
        arguments.process,
        generated=arguments.generated,
        responses=arguments.responses,
        seed=arguments.seed,
        power=arguments.power,
        powers=arguments.powers,
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
